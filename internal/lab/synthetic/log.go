package synthetic

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"causeway/internal/accesslog"
	"causeway/internal/lab/stage"
)

// writeLog writes the records in one of the forms that Azure has for them, by the seed. It writes one after the other: the
// whole log in one piece, or as one value of JSON, would take many times the memory of the records.
func (f *Generator) writeLog() error {
	name, write := "PT1H.json", writeLines
	switch form := f.IntN(3); {
	case form == 1:
		name, write = "query.json", writeDiagnosticsJSON
	case form == 2 && !f.v1():
		name, write = "portal.csv", writeDiagnosticsCSV
	}
	file, err := os.OpenFile(filepath.Join(f.Dir, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	err = write(out, f.lines)
	return cmp.Or(err, out.Flush(), file.Close())
}

// lines yields each record as a storage account has it: without Causeway's object, which is the last one. A line is valid
// until the next.
func (f *Generator) lines(yield func([]byte) bool) {
	var line []byte
	for i := range f.records {
		line = f.line(line[:0], &f.records[i])
		if !yield(line) {
			return
		}
	}
}

func (f *Generator) line(buf []byte, r *accesslog.Record) []byte {
	line := r.Append(buf)
	line = append(line[:bytes.LastIndex(line, []byte(`,"causeway":{`))], "}}"...)
	if d, ok := f.WAF[r.ClientSerial]; ok {
		line = bytes.Replace(line, []byte(`"WAFEvaluationTime":"0.000"`), fmt.Appendf(nil, `"WAFEvaluationTime":"%.3f"`, d.Seconds()), 1)
	}
	return line
}

func writeLines(w io.Writer, lines iter.Seq[[]byte]) error {
	for line := range lines {
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// diagnosticsRow is a record as the table AzureDiagnostics has it: flat, with types in the names.
func diagnosticsRow(line []byte) stage.Object {
	var record stage.Object
	if err := json.Unmarshal(line, &record); err != nil {
		panic("BUG: a record that was just written cannot be read: " + err.Error())
	}
	row := stage.Object{
		"Category":      record["category"],
		"OperationName": record["operationName"],
		"ResourceId":    record["resourceId"],
		"Type":          "AzureDiagnostics",
		"TimeGenerated": record["timeStamp"],
	}
	if row["TimeGenerated"] == nil {
		row["TimeGenerated"] = record["time"]
	}
	for _, k := range []string{"listenerName", "ruleName", "backendPoolName", "backendSettingName"} {
		if v, ok := record[k]; ok {
			row[k+"_s"] = v
		}
	}
	for k, v := range record["properties"].(stage.Object) {
		if _, number := v.(float64); number {
			row[k+"_d"] = v
		} else {
			row[k+"_s"] = v
		}
	}
	return row
}

func writeDiagnosticsJSON(w io.Writer, lines iter.Seq[[]byte]) error {
	before := "["
	for line := range lines {
		if _, err := fmt.Fprintf(w, "%s%s", before, asJSON(diagnosticsRow(line))); err != nil {
			return err
		}
		before = ","
	}
	if before == "[" {
		before = "[]"
	} else {
		before = "]"
	}
	_, err := io.WriteString(w, before)
	return err
}

func writeDiagnosticsCSV(w io.Writer, lines iter.Seq[[]byte]) error {
	out := csv.NewWriter(w)
	var names, cells []string
	for line := range lines {
		row := diagnosticsRow(line)
		if names == nil {
			names = slices.Sorted(maps.Keys(row))
			cells = make([]string, len(names))
			out.Write(names)
		}
		for i, name := range names {
			cells[i] = ""
			if v, ok := row[name]; ok {
				cells[i] = fmt.Sprint(v)
			}
		}
		out.Write(cells)
	}
	out.Flush()
	return out.Error()
}
