package evidence

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"causeway/internal/evidence/evidencetest"
)

// A zip in which a download broke off lacks the list of its entries. What is there is read all the same: whole entries, and
// of the last one as much as there is; and the report says where it ends.

// packing is how an entry stands in a zip.
type packing struct {
	method     uint16
	descriptor bool // its sizes stand behind it
}

var packings = []packing{{zip.Deflate, false}, {zip.Deflate, true}, {zip.Store, false}, {zip.Store, true}}

// entryOf is one entry, without the list at the end; Go's writer always puts sizes behind, so it is made by hand.
func (p packing) entryOf(t testing.TB, name, text string) []byte {
	t.Helper()
	data := []byte(text)
	if p.method == zip.Deflate {
		var b bytes.Buffer
		z, err := flate.NewWriter(&b, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		z.Write(data)
		z.Close()
		data = b.Bytes()
	}
	sizes := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text)))
	sizes = binary.LittleEndian.AppendUint32(sizes, uint32(len(data)))
	sizes = binary.LittleEndian.AppendUint32(sizes, uint32(len(text)))
	head, behind, flags := sizes, []byte{}, uint16(0)
	if p.descriptor {
		head, behind, flags = make([]byte, len(sizes)), append([]byte("PK\x07\x08"), sizes...), 8
	}
	out := []byte("PK\x03\x04")
	for _, n := range []uint16{20, flags, p.method, 0, 0} {
		out = binary.LittleEndian.AppendUint16(out, n)
	}
	out = append(out, head...)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(name)))
	out = append(append(out, 0, 0), name...)
	return append(append(out, data...), behind...)
}

// lost is what the bundle says was not read, in one text.
func lost(b *Bundle) string {
	var out []string
	for _, u := range b.Unread {
		out = append(out, u.String())
	}
	return strings.Join(out, "\n")
}

func TestZipThatIsCutOff(t *testing.T) {
	for _, p := range packings {
		health, log := p.entryOf(t, "health.json", aHealth), p.entryOf(t, "logs/PT1H.json", evidencetest.ManyRows())
		last := p.entryOf(t, "logs/more.json", strings.Repeat(strings.ReplaceAll(evidencetest.ManyRows(), "09:00", "10:00"), 2000))
		whole := append(append(append(p.entryOf(t, "logs/", ""), health...), log...), last...)
		for _, x := range []struct {
			size       int
			least      int // records
			most       int
			where      string
			withHealth bool
		}{
			{len(whole) - len(last)/2, 3 + 100, 3 + 6000, "in the middle of logs/more.json", true},
			{len(whole) - len(last), 3, 3, "behind logs/PT1H.json", true},
			{len(whole) - len(last) + 40, 3, 3, "behind logs/PT1H.json", true}, // in the name of the next
			{len(whole), 6003, 6003, "behind logs/more.json", true},
			{len(whole) - len(last) - len(log) + 100, 0, 1, "in the middle of logs/PT1H.json", true},
			{len(whole) - len(last) - len(log) - 40, 0, 0, "in the middle of health.json", false},
		} {
			path := evidencetest.Write(t, t.TempDir(), "bundle.zip", string(whole[:x.size]))
			b := open(t, path)
			n := count(t, b) + b.Repeated // the last log has the same rows again and again
			want := fmt.Sprintf("%s: the archive is cut off after %d bytes, %s: copy it again", path, x.size, x.where)
			if notes := strings.Join(b.Notes, "\n"); notes != path+
				" is cut off: what comes after is missing here, and counts and rates are of the part that came" {
				t.Errorf("%+v: notes %q", p, notes)
			}
			if n < x.least || n > x.most || (b.Health != nil) != x.withHealth || strings.Count(lost(b), want) != 1 {
				t.Errorf("%+v: %d records, want %d to %d; health %v; not read %s\nwant %s", p, n, x.least, x.most, b.Health != nil,
					lost(b), want)
			}
		}
	}
}

// Of a list that is cut off all entries are there.
func TestZipWithHalfAList(t *testing.T) {
	z := zipped(t, map[string][]byte{"PT1H.json": []byte(evidencetest.ManyRows()), "health.json": []byte(aHealth)})
	b := open(t, evidencetest.Write(t, t.TempDir(), "bundle.zip", string(z[:len(z)-30])))
	if n := count(t, b); n != 3 || b.Health == nil || !strings.Contains(lost(b), "in its table of contents") {
		t.Errorf("%d records, health %v, not read %s", n, b.Health, lost(b))
	}
}

// A zip that is stored in another has a list of its own, which is not that of the one that is cut off.
func TestZipInAZipThatIsCutOff(t *testing.T) {
	p := packing{method: zip.Store}
	inner := zipped(t, map[string][]byte{"PT1H.json": []byte(evidencetest.ManyRows())})
	b := open(t, evidencetest.Write(t, t.TempDir(), "bundle.zip",
		string(p.entryOf(t, "health.json", aHealth))+string(p.entryOf(t, "inner.zip", string(inner)))))
	if n := count(t, b); n != 3 || b.Health == nil || !strings.Contains(lost(b), "cut off") {
		t.Errorf("%d records, health %v, not read %s", n, b.Health, lost(b))
	}
}

// An entry that cannot be unpacked costs itself, where its size is known.
func TestEncryptedEntryOfACutZip(t *testing.T) {
	p := packing{method: zip.Deflate}
	closed := p.entryOf(t, "closed.json", evidencetest.ManyRows())
	closed[6] |= 1
	b := open(t, evidencetest.Write(t, t.TempDir(), "bundle.zip",
		string(closed)+string(p.entryOf(t, "PT1H.json", evidencetest.ManyRows()))))
	if n := count(t, b); n != 3 || !strings.Contains(lost(b), "cut off") || !strings.Contains(lost(b), "closed.json: it is encrypted") {
		t.Errorf("%d records, not read %s", n, lost(b))
	}
}

// A cut archive that was made to fill the disk ends in a message as a whole one does.
func TestBombThatIsCutOff(t *testing.T) {
	for _, p := range packings[:2] {
		bomb := p.entryOf(t, "PT1H.json", evidencetest.RowAt(1)+"\n"+strings.Repeat(" ", 80<<20))
		b := open(t, evidencetest.Write(t, t.TempDir(), "bomb.zip", string(bomb)))
		if n := count(t, b); n != 1 || !strings.Contains(lost(b), "expands") {
			t.Errorf("%+v: %d records, not read %s", p, n, lost(b))
		}
	}
}

// Other forms that are cut off give what stands before the cut, however little that is, and say once that there was more.
func TestOtherArchivesThatAreCutOff(t *testing.T) {
	const cut = ": it is cut off: copy it again; Causeway read the part before the cut"
	f := func(name string, data []byte, size, least int, want string) {
		t.Helper()
		path := evidencetest.Write(t, t.TempDir(), name, string(data[:size]))
		b := open(t, path)
		n := count(t, b)
		if all := lost(b); len(b.Notes) != 1 || n < least || strings.Count(all, want) != 1 || strings.Count(all, "\n") > 1 {
			t.Errorf("%s cut after %d bytes: %d records, want %d; not read\n%s\nwant %s", name, size, n, least, all, want)
		}
	}
	var few strings.Builder // which do not compress to nothing
	for i := range 60 {
		few.WriteString(strings.ReplaceAll(evidencetest.RowAt(i), "592d1649",
			fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte{byte(i)}))) + "\n")
	}
	small := gzipped(t, []byte(few.String()))
	f("PT1H.json.gz", small, len(small)-20, 30, cut)
	many := zstandard(t, []byte(strings.Repeat(few.String(), 20)))
	f("PT1H.json.zst", many, len(many)-20, 100, cut)
	log := []byte(few.String())
	two := append(tarred(t, map[string][]byte{"a.json": log})[:512+(len(log)+511)/512*512],
		tarred(t, map[string][]byte{"health.json": []byte(aHealth)})...)
	first := 512 + (len(log)+511)/512*512
	f("bundle.tar", two, first/2, 20, "bundle.tar"+cut)
	f("bundle.tar", two, first, 60, "bundle.tar"+cut)
	f("bundle.tar", two, first+100, 60, "bundle.tar"+cut)
	f("bundle.tar", two, first+512+50, 60, "health.json: it is cut off, and half a document is of no use: copy it again")
	packed := gzipped(t, two)
	f("bundle.tgz", packed, len(packed)-60, 60, "bundle.tgz"+cut)
}
