package evidence

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"causeway/template"
)

// Redactor replaces addresses, hosts, paths and ids by pseudonyms: the same one for the same thing, so that everything
// that a diagnosis compares still compares alike. The key is drawn anew and kept nowhere, so pseudonyms of two bundles
// have nothing to do with each other, and none leads back.
type Redactor struct {
	key   []byte
	seen  map[string]string
	hosts map[string]bool // names met in fields that hold hosts: they are replaced wherever they stand
}

// NewRedactor makes a redactor with this key.
func NewRedactor(key []byte) *Redactor {
	return &Redactor{key: key, seen: map[string]string{}, hosts: map[string]bool{}}
}

// Redact writes the evidence at the paths, redacted, as one compressed tar. It is gone through twice: which names are hosts
// is known only once all documents have been read.
func (r *Redactor) Redact(paths []string, to io.Writer) error {
	b := &Bundle{}
	defer b.Close()
	files, err := b.filesAt(paths)
	if err != nil {
		return fmt.Errorf("redact: %w", err)
	}
	if err := eachLeaf(files, r.learn); err != nil {
		return err
	}
	z := gzip.NewWriter(to)
	t := tar.NewWriter(z)
	number := 0
	err = eachLeaf(files, func(l *leaf) error {
		number++
		return r.leaf(t, fmt.Sprintf("%03d-%s", number, r.fileName(l.name)), l)
	})
	if err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// filesAt are all files below the paths. What comes through a pipe is kept until the bundle is closed.
func (b *Bundle) filesAt(paths []string) (files []string, err error) {
	b.visit = func(file, name string) { files = append(files, file) }
	for _, path := range paths {
		if err := b.open(path); err != nil {
			return nil, err
		}
	}
	if len(b.Notes) > 0 { // half of it would be taken for all of it
		return nil, errors.New(b.Notes[0])
	}
	return files, nil
}

// eachLeaf calls f with everything that the files hold.
func eachLeaf(files []string, f func(*leaf) error) error {
	for _, file := range files {
		if err := walk(file, file, nil, f); err != nil {
			return fmt.Errorf("redact %s: %w", file, err)
		}
	}
	return nil
}

// learn notes the hosts that a document names.
func (r *Redactor) learn(l *leaf) error {
	head, err := l.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch form := recognise(head, l.name); form {
	case document, yamlText:
		return r.whole(bufio.NewWriter(io.Discard), l, form)
	}
	return nil
}

// fileName keeps of a name what tells the kind of the file, and the hour of a blob.
func (r *Redactor) fileName(name string) string {
	hour := ""
	if t, ok := hourOf(name); ok {
		hour = t.Format("y=2006/m=01/d=02/h=15/m=00/")
	}
	base := name[strings.LastIndexAny(name, `/\:`)+1:]
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".gz"), ".zst")
	ext := base[strings.LastIndexByte(base, '.')+1:]
	if len(ext) > 5 || ext == base {
		ext = "txt"
	}
	switch base {
	case AppliedName, HealthName, "causeway.yaml":
		return hour + base
	}
	return hour + "evidence." + ext
}

// leaf writes one file.
func (r *Redactor) leaf(t *tar.Writer, name string, l *leaf) error {
	head, err := l.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	tmp, err := os.CreateTemp("", "causeway-redact-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	w := bufio.NewWriter(tmp)
	switch form := recognise(head, l.name); form {
	case nothing, notText:
		return nil
	case lines:
		err = r.lines(w, l)
	case records:
		err = r.lines(w, newSplitter(l))
	case commas:
		err = r.commas(w, l)
	case columns:
		err = r.columns(w, l)
	case queried:
		err = r.queried(w, l)
	default:
		err = r.whole(w, l, form)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return err
	}
	size, err := tmp.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	_, err = io.Copy(t, tmp)
	return err
}

func (r *Redactor) lines(w *bufio.Writer, in io.Reader) error {
	for c, blk, more := newCutter(in), newBlock(), true; more; {
		var err error
		if more, err = c.cut(blk); err != nil {
			return err
		}
		for line := range bytes.Lines(blk.text) {
			line = bytes.TrimSpace(line)
			w.Write(r.line(line))
			w.WriteByte('\n')
		}
	}
	return nil
}

// unreadable stands for a line of which it cannot be told what to replace: it counts as one that cannot be read.
const unreadable = "{"

// line redacts one record. What is sloppy but read all the same is mended first.
func (r *Redactor) line(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	if out, ok := r.json(line); ok {
		return out
	}
	mended := commaAtEnd.ReplaceAll(bareDash.ReplaceAll(line, []byte(`:"-"$1`)), []byte("$1"))
	if out, ok := r.json(mended); ok {
		return out
	}
	return []byte(unreadable)
}

var (
	bareDash   = regexp.MustCompile(`:\s*-\s*([,}])`)
	commaAtEnd = regexp.MustCompile(`,\s*([}\]])`)
)

func (r *Redactor) commas(w *bufio.Writer, in io.Reader) error {
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	out := csv.NewWriter(w)
	heading, err := c.Read()
	if err != nil {
		return err
	}
	out.Write(heading)
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			out.Flush()
			return out.Error()
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return err
		}
		for i := range cells {
			if i < len(heading) {
				cells[i] = r.cell(heading[i], cells[i])
			}
		}
		out.Write(cells)
	}
}

func (r *Redactor) whole(w *bufio.Writer, l *leaf, f form) error {
	data, err := io.ReadAll(io.LimitReader(l, documentMax))
	if err != nil {
		return err
	}
	switch {
	case f == document:
		data = template.StrictJSON(data)
	case f == yamlText && isLocal(l.name, data):
		_, err = w.Write(r.local(data))
		return err
	case f == yamlText:
		if data, err = yaml.YAMLToJSON(data); err != nil {
			data = nil
		}
	default:
		_, err = w.WriteString(r.plain(string(data)))
		return err
	}
	out, ok := r.json(data)
	if !ok {
		out = []byte(unreadable)
	}
	_, err = w.Write(out)
	return err
}

// local redacts causeway.yaml: members by name and address, where they are dialled, and the places of certificates. The
// names of certificates are those of the document, and stay.
func (r *Redactor) local(data []byte) []byte {
	var all map[string]any
	if err := yaml.Unmarshal(data, &all); err != nil {
		return []byte("certificates: " + unreadable + "\n") // still causeway.yaml, and told of as one that cannot be read
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
				part[name] = r.places(v)
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

// places redacts the files of a certificate.
func (r *Redactor) places(v any) any {
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

// plain redacts a text of which no part says what it is: also names that were met nowhere else and look like hosts.
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

// columns writes a table of az as lines of JSON: pseudonyms have other lengths, and would not fit the columns.
func (r *Redactor) columns(w *bufio.Writer, l *leaf) error {
	var heading []string
	var starts []int
	for {
		line, err := l.ReadString('\n')
		text := strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(text) == "":
		case heading == nil:
			heading = gap.Split(strings.TrimSpace(text), -1)
		case starts == nil && strings.Trim(text, "- ") == "":
			starts = columnStarts(text)
		default:
			r.row(w, heading, cellsOf(text, starts))
		}
		if err != nil {
			return ignoreEOF(err)
		}
	}
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
				cells := make([]string, len(row))
				for i, v := range row {
					cells[i] = textOf(v)
				}
				r.row(w, heading, cells)
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

// json redacts a JSON value by what its keys say.
func (r *Redactor) json(data []byte) ([]byte, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.any("", v)); err != nil {
		return nil, false
	}
	return bytes.TrimRight(out.Bytes(), "\n"), true
}

func (r *Redactor) any(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if _, text := x.(string); secretKeys[plainKey(k)] && text { // metrics have their numbers in an array "data"
				continue
			}
			out[k] = r.any(plainKey(k), x)
		}
		return out
	case []any:
		for i := range v {
			v[i] = r.any(key, v[i])
		}
		return v
	case string:
		if key == "document" || key == "local" || key == "parameters" { // of a data directory: base64, made readable by its own kind
			return r.inner(key, v)
		}
		return r.cell(key, v)
	}
	return v
}

// inner redacts a document that stands inside another, as base64.
func (r *Redactor) inner(key, text string) string {
	var raw []byte
	if err := json.Unmarshal([]byte(`"`+text+`"`), &raw); err != nil {
		return r.text(text)
	}
	out, ok := r.json(raw)
	switch {
	case key == "local":
		out = r.local(raw)
	case !ok:
		out = []byte(r.plain(string(raw)))
	}
	again, err := json.Marshal(out)
	if err != nil {
		return ""
	}
	return strings.Trim(string(again), `"`)
}

// plainKey is a key or heading without case, type and prefix.
func plainKey(k string) string {
	k = strings.ToLower(k)
	if i := strings.IndexByte(k, '['); i > 0 {
		k = strings.TrimSpace(k[:i])
	}
	if n := len(k); n > 2 && k[n-2] == '_' && strings.IndexByte("sdgtb", k[n-1]) >= 0 {
		k = k[:n-2]
	}
	return k
}

// secretKeys are left out altogether.
var secretKeys = map[string]bool{
	"data": true, "password": true, "publiccertdata": true, "cookie": true,
	"caller": true, "claims": true, "authorization": true, "sslclientcertificateissuername": true, "sslclientcertificatefingerprint": true,
}

// value redacts one text by what its key says that it is.
func (r *Redactor) value(key, s string) string {
	switch key {
	case "requesturi", "originalrequesturiwithargs", "path", "paths":
		return r.path(s)
	case "requestquery":
		if strings.Contains(s, "SERVER-ROUTED") {
			return r.text(s)
		}
		return r.query(s)
	case "host", "originalhost", "hostname", "hostnames", "fqdn", "sniname", "address":
		return r.host(s)
	case "useragent", "agent":
		return r.agent(s)
	case "transactionid":
		return s // it is drawn by the gateway, and joins the logs
	}
	return r.text(s)
}

var (
	address4 = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)
	address6 = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}\b|(?i)\b(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4})?\b`)
	guid     = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	mailbox  = regexp.MustCompile(`[\w.+-]+@[\w.-]+\.\w+`)
	nameLike = regexp.MustCompile(`\b[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)+\b`)
)

// text redacts what can be known in any text: addresses, ids, and hosts that were met elsewhere.
func (r *Redactor) text(s string) string {
	if timeLike(s) {
		return s
	}
	s = mailbox.ReplaceAllStringFunc(s, func(m string) string { return r.word("mail", m) + "@example.com" })
	s = guid.ReplaceAllStringFunc(s, r.guid)
	s = address4.ReplaceAllStringFunc(s, r.address)
	if strings.Count(s, ":") > 1 {
		s = address6.ReplaceAllStringFunc(s, r.address)
	}
	return nameLike.ReplaceAllStringFunc(s, func(m string) string {
		if r.hosts[strings.ToLower(m)] {
			return r.host(m)
		}
		return m
	})
}

func timeLike(s string) bool {
	return len(s) > 18 && len(s) < 40 && s[4] == '-' && s[7] == '-' && (s[10] == 'T' || s[10] == ' ')
}

// host redacts a host, with a port if there is one. Wildcards stay.
func (r *Redactor) host(s string) string {
	if s == "" || s == "-" || s == "localhost" {
		return s
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return r.text(s)
	}
	name, port, _ := strings.Cut(s, ":")
	if _, err := netip.ParseAddrPort(s); err == nil {
		return r.text(s)
	}
	wild := ""
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		wild, name = "*.", rest
	}
	if len(name) > 3 {
		r.hosts[strings.ToLower(name)] = true
	}
	out := wild + r.word("host", strings.ToLower(name)) + ".example"
	if port != "" {
		out += ":" + port
	}
	return out
}

// path redacts a path segment by segment: what looks like an id stays one, wildcards and the query's place stay.
func (r *Redactor) path(s string) string {
	path, query, has := strings.Cut(s, "?")
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = r.segment(p)
	}
	out := strings.Join(parts, "/")
	if has {
		out += "?" + r.query(query)
	}
	return out
}

// agent stands for a client program, the same one for the same program.
func (r *Redactor) agent(s string) string {
	if s == "" || s == "-" {
		return s
	}
	return r.word("agent", s)
}

func (r *Redactor) segment(p string) string {
	switch {
	case p == "" || p == "*" || p == "-":
		return p
	case strings.HasSuffix(p, "*"):
		return r.word("path", p[:len(p)-1]) + "*"
	case LooksLikeID([]byte(p)):
		return fmt.Sprint(r.number(p) % 1_000_000_000)
	}
	return r.word("path", p)
}

func (r *Redactor) query(s string) string {
	if s == "" || s == "-" {
		return s
	}
	return "q=" + r.word("query", s)
}

func (r *Redactor) number(s string) uint64 {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(s))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// word is a pseudonym of letters.
func (r *Redactor) word(kind, s string) string {
	full := kind + " " + s
	if w, ok := r.seen[full]; ok {
		return w
	}
	n := r.number(full)
	b := []byte(kind + "-")
	for range 8 {
		b = append(b, byte('a'+n%26))
		n /= 26
	}
	if len(r.seen) < maxWords {
		r.seen[full] = string(b)
	}
	return string(b)
}

// maxWords bounds what is remembered; pseudonyms beyond it are computed again.
const maxWords = 1 << 17

// address is another address of the same family and the same sort: loopback and unspecified ones say nothing and stay,
// private ones stay private.
func (r *Redactor) address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsLoopback() || a.IsUnspecified() {
		return s
	}
	n := r.number(a.String())
	if a.Is6() {
		var b [16]byte
		copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8})
		binary.BigEndian.PutUint64(b[8:], n)
		return netip.AddrFrom16(b).String()
	}
	first := byte(10)
	if !a.IsPrivate() {
		first = 100 // 100.64.0.0/10 is nobody's
		return netip.AddrFrom4([4]byte{first, 64 + byte(n>>16)%64, byte(n >> 8), byte(n)}).String()
	}
	return netip.AddrFrom4([4]byte{first, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func (r *Redactor) guid(s string) string {
	n := r.number(strings.ToLower(s))
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(n), uint16(n>>32), 0x4000|uint16(n>>48)&0xfff, 0x8000|uint16(n)&0x3fff, n&0xffffffffffff)
}
