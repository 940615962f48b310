package document

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/validate"
)

// FuzzParse holds for every input that nothing panics and that what is rendered is read back as the same.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.json", "../../../examples/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(`{"sku":{"capacity":"9e9"},"httpListeners":[7,null,{"name":"l","hostNames":["*.*.*.*","?"]}],"probes":{}}`))
	f.Add([]byte(`{"properties":{"Sku":1,"sku":{"name":{}},"requestRoutingRules":[{"properties":[]}]},"x":[{"a":1,"A":2}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		validate.Local(gateway.DefaultLocal(), d.Config)
		d.Effective()
		d.Public()
		again, err := Parse(d.JSON())
		if err != nil {
			t.Fatalf("cannot read the canonical form again: %v\n%s", err, d.JSON())
		}
		if !bytes.Equal(d.JSON(), again.JSON()) {
			t.Fatalf("the canonical form is not stable:\n%s\n%s", d.JSON(), again.JSON())
		}
	})
}

// FuzzLocal holds for every input that nothing panics.
func FuzzLocal(f *testing.F) {
	f.Add([]byte("certificates:\n  site: {pfx: a.pfx, password: x}\nmembers:\n  10.0.0.4: 127.0.0.1:8080\nlogs: {days: 3, bytes: 1GiB}\n"))
	f.Add([]byte("connectTimeout: 5\nmembers: [a]\nlogs: {bytes: -1, queries: maybe}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		local, problems, err := Source{Local: data, Dir: "/etc/causeway"}.ParseLocal()
		if err == nil && !gateway.HasErrors(problems) && (local.ConnectTimeout <= 0 || local.Logs.Bytes <= 0) {
			t.Fatalf("%q gives %+v without a problem", data, local)
		}
	})
}
