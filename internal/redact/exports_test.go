package redact

import (
	"bytes"
	"strings"
	"testing"

	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/evidencetest"
)

// What is read is redacted, in whatever form it came: the requests are the same, and nothing of theirs is left.
func TestRedactedExports(t *testing.T) {
	list := ""
	for _, row := range evidencetest.Warehouse.Rows {
		for i, cell := range row {
			list += evidencetest.Warehouse.Heading[i] + " : " + cell + "\n"
		}
		list += "\n"
	}
	enveloped := evidencetest.Each("\n", func(_ int, r string) string {
		return `{"preview":false,"result":{"_raw":` + evidencetest.Quoted(r) + `,"host":"scale.example"}}`
	})
	inCells := "_raw,_time,host,source\n" + evidencetest.Each("\n", func(i int, r string) string {
		return `"` + strings.ReplaceAll(r, `"`, `""`) + `",` + evidencetest.Warehouse.Rows[i][0] + ",scale.example,s"
	})
	for name, text := range map[string]string{
		"a.csv": "sep=;\n" + evidencetest.Sheet(';', evidencetest.Times(evidencetest.LayoutTime("02.01.2006 15:04:05"), true)),
		"a.txt": list, "a.md": "| " + strings.Join(evidencetest.Warehouse.Heading, " | ") + " |\n|---|\n| " +
			strings.Join(evidencetest.Warehouse.Rows[1], " | ") + " |\n",
		"splunk.json": enveloped, "splunk.csv": inCells, "a.xlsx": string(evidencetest.WorkbookOf(t, 2)),
		"a.avro":  string(evidencetest.CaptureOf(t, "deflate")),
		"tsv.txt": evidencetest.Sheet('\t', evidencetest.AsIs), "syslog.txt": evidencetest.Each("\n", func(i int, r string) string {
			return "<134>1 " + evidencetest.Warehouse.Rows[i][0] + " scale.example gw - - - " + r
		}),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			path := evidencetest.Write(t, t.TempDir(), name, text)
			if err := New([]byte("key")).Redact([]string{path}, &out); err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			b, again := openBundle(t, path), openBundle(t, evidencetest.Write(t, t.TempDir(), "b.tgz", out.String()))
			plain, redacted := requestsOf(t, b), requestsOf(t, again)
			for _, secret := range []string{"/pallets", "/labels", "198.51.100", "10.9.0", "scale.example"} {
				if strings.Contains(redacted, secret) || strings.Contains(unpacked(t, out.Bytes()), secret) {
					t.Errorf("%s: %s is left", name, secret)
				}
			}
			if blank(plain) != blank(redacted) || len(again.Unread) > 0 {
				t.Errorf("%s:\n%s\nbecomes\n%s\nnot read %v", name, plain, redacted, again.Unread)
			}
		})
	}
}

// blank is what a report says of requests without their paths.
func blank(told string) string {
	lines := strings.Split(told, "\n")
	for i, line := range lines {
		fields := strings.Fields(line)
		if len(fields) > 4 {
			fields[3] = ""
		}
		lines[i] = strings.Join(fields, " ")
	}
	return strings.Join(lines, "\n")
}

// unpacked is all that a bundle holds, as text.
func unpacked(t *testing.T, bundle []byte) string {
	t.Helper()
	var all strings.Builder
	err := archive.Walk(evidencetest.Write(t, t.TempDir(), "b.tgz", string(bundle)), "b", nil, func(l *archive.Leaf) error {
		_, err := l.WriteTo(&all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
