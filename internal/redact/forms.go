package redact

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"causeway/internal/evidence"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/envelope"
	"causeway/internal/evidence/table"
	"causeway/internal/template"
)

// table writes a table as CSV, however it was laid out: pseudonyms have other lengths, and would not fit columns.
func (r *Redactor) table(w *bufio.Writer, l *archive.Leaf) error {
	rows, err := table.NewRows(l.Reader)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	var heading []string
	holder, number := -1, 0
	for ; ; number++ {
		row, _, err := rows.Next()
		if number == 1 {
			if holder = table.EnvelopeIn(row); holder < 0 {
				out.Write(heading)
			}
		}
		switch {
		case errors.Is(err, io.EOF) && holder >= 0:
			return nil
		case errors.Is(err, io.EOF):
			out.Flush()
			return out.Error()
		case table.IsRowError(err):
			continue
		case err != nil:
			return err
		case heading == nil:
			heading = slices.Clone(row)
			continue
		case holder >= 0: // the records alone: what stands beside them is the store's
			if holder < len(row) {
				for _, line := range envelope.RowsIn([]byte(row[holder])) {
					w.Write(append(r.line(bytes.TrimSpace(line)), '\n'))
				}
			}
			continue
		}
		for i := range row {
			if i < len(heading) {
				row[i] = r.cell(heading[i], row[i])
			} else {
				row[i] = ""
			}
		}
		out.Write(row)
	}
}

func (r *Redactor) whole(w *bufio.Writer, l *archive.Leaf, f evidence.Form) error {
	data, err := io.ReadAll(io.LimitReader(l, evidence.DocumentMax))
	if err != nil {
		return err
	}
	switch {
	case evidence.IsBrokenLog(data):
		return r.lines(w, io.MultiReader(bytes.NewReader(data), l))
	case f == evidence.FormDocument:
		data = template.StrictJSON(data)
	case f == evidence.FormYAML && evidence.IsLocal(l.Name, data):
		_, err = w.Write(r.local(data))
		return err
	case f == evidence.FormYAML:
		if data, err = yaml.YAMLToJSON(data); err != nil {
			data = nil
		}
	case evidence.IsText(l.Name, data):
		_, err = w.WriteString(r.plain(string(data)))
		return err
	default:
		return errNotUnderstood
	}
	out, ok := r.json(data)
	if !ok {
		return errNotUnderstood
	}
	_, err = w.Write(out)
	return err
}

// local redacts causeway.yaml: members by name and address, where they are dialled, and the places of certificates. The
// names of certificates are those of the document, and stay.
func (r *Redactor) local(data []byte) []byte {
	var all map[string]any
	if err := yaml.Unmarshal(data, &all); err != nil {
		return []byte("certificates: " + unreadable + "\n") // still causeway.yaml, and reported as unreadable
	}
	for k, v := range all {
		part, _ := v.(map[string]any)
		switch {
		case k == "members" && part != nil:
			members := map[string]any{}
			for member, dial := range part {
				members[r.member(member)] = r.member(fmt.Sprint(dial))
			}
			all[k] = members
		case k == "certificates" && part != nil:
			for name, v := range part {
				part[name] = r.certificateFiles(v)
			}
		default:
			all[k] = r.any(plainKey(k), v)
		}
	}
	out, err := yaml.Marshal(all)
	if err != nil {
		return nil
	}
	return out
}

// member redacts what stands for a member: an address, a host, or the id of a network interface.
func (r *Redactor) member(s string) string {
	if strings.Contains(s, "/") {
		return r.text(s)
	}
	return r.host(s)
}

// certificateFiles redacts the files of a certificate.
func (r *Redactor) certificateFiles(v any) any {
	files, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for k, file := range files {
		if k == "password" {
			delete(files, k)
			continue
		}
		files[k] = r.word("file", fmt.Sprint(file))
	}
	return files
}

// plain redacts a text without keys: it also replaces names that look like hosts and occur nowhere else.
func (r *Redactor) plain(s string) string {
	s = r.text(s)
	var out strings.Builder
	from := 0
	for _, at := range nameLike.FindAllStringIndex(s, -1) {
		name := s[at[0]:at[1]]
		part := strings.HasSuffix(s[:at[0]], "/") && !strings.HasSuffix(s[:at[0]], "//") // of an id or a path
		if part || !hostLike(name) {
			continue
		}
		out.WriteString(s[from:at[0]])
		out.WriteString(r.host(name))
		from = at[1]
	}
	return out.String() + s[from:]
}

// hostLike reports whether a name with dots looks like a host: it ends like one, and is neither a provider of Azure's, nor a
// type of .NET, nor redacted already.
func hostLike(name string) bool {
	lower := strings.ToLower(name)
	last := lower[strings.LastIndexByte(lower, '.')+1:]
	if len(last) < 2 || strings.Trim(last, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	return !strings.HasPrefix(lower, "microsoft.") && !strings.HasPrefix(lower, "system.") && last != "example" && lower != "example.com"
}

// queried writes the answer of a query as lines of JSON.
func (r *Redactor) queried(w *bufio.Writer, in io.Reader) error {
	d := json.NewDecoder(in)
	d.UseNumber()
	var heading []string
	for {
		token, err := d.Token()
		switch {
		case err != nil:
			if !errors.Is(err, io.EOF) {
				w.WriteString(unreadable)
			}
			return nil
		case token == "columns":
			var names []struct{ Name string }
			if err := d.Decode(&names); err != nil {
				return fmt.Errorf("read the columns: %w", err)
			}
			heading = heading[:0]
			for _, n := range names {
				heading = append(heading, n.Name)
			}
		case token == "rows":
			if _, err := d.Token(); err != nil {
				return fmt.Errorf("read the rows: %w", err)
			}
			for d.More() {
				var row []any
				if err := d.Decode(&row); err != nil {
					w.WriteString(unreadable)
					return nil
				}
				r.row(w, heading, table.TextsOf(row))
			}
		}
	}
}

// row writes one row of a table.
func (r *Redactor) row(w *bufio.Writer, heading, cells []string) {
	row := map[string]string{}
	for i, cell := range cells[:min(len(cells), len(heading))] {
		row[heading[i]] = r.cell(heading[i], cell)
	}
	out, err := json.Marshal(row)
	if err != nil {
		out = []byte(unreadable)
	}
	w.Write(out)
	w.WriteByte('\n')
}

// cell redacts one cell of a table; columns added late stand in one cell, as JSON.
func (r *Redactor) cell(heading, text string) string {
	key := plainKey(heading)
	if secretKeys[key] {
		return ""
	}
	if strings.HasPrefix(text, "{") {
		if out, ok := r.json([]byte(text)); ok {
			return string(out)
		}
	}
	return r.value(key, text)
}
