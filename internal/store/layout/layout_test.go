package layout_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"causeway/internal/gateway/document"
	"causeway/internal/store/layout"
)

// Every document of the repository comes back as it was: as text, and as what the gateway makes of it.
func TestEveryDocumentComesBack(t *testing.T) {
	n := 0
	for name, d := range documents(t) {
		keys, err := layout.Split(layout.Config{Document: d.JSON(), Shared: []byte("keepAliveHint: honour\n")})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := layout.Join(keys)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(d.JSON()), string(got.Document)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
		again, _, problems, err := document.Source{Document: got.Document, Local: []byte{}}.Parse()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		before, _, want, _ := document.Source{Document: d.JSON(), Local: []byte{}}.Parse()
		if diff := cmp.Diff(before.Config, again.Config); diff != "" {
			t.Errorf("%s: the gateway differs (-before +after):\n%s", name, diff)
		}
		if diff := cmp.Diff(want, problems); diff != "" {
			t.Errorf("%s: the problems differ (-before +after):\n%s", name, diff)
		}
		if string(got.Shared) != "keepAliveHint: honour\n" {
			t.Errorf("%s: causeway.yaml came back as %q", name, got.Shared)
		}
		n++
	}
	if n < 20 {
		t.Errorf("only %d documents were found", n)
	}
}

// documents are all files of the repository that hold one gateway.
func documents(t *testing.T) map[string]*document.Document {
	out := map[string]*document.Document{}
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if parsed, err := document.Parse(text); err == nil {
			out[path] = parsed
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const twoCertificates = `{"name":"g","properties":{"sku":{"name":"Standard_v2"},"sslCertificates":[
	{"name":"b/1","properties":{"data":"UEZY","password":"hunter2"}},
	{"name":"a","properties":{"publicCertData":"PUBLIC"}}],
	"trustedRootCertificates":[{"name":"root","properties":{"data":"ROOT"}}],
	"probes":[],"frontendPorts":[{"name":"p","properties":{"port":80}}]}}`

func TestKeysOfADocument(t *testing.T) {
	keys, err := layout.Split(layout.Config{Document: []byte(twoCertificates)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"gateway": `{"name":"g","properties":{"sku":{"name":"Standard_v2"},"sslCertificates":null,` +
			`"trustedRootCertificates":null,"probes":null,"frontendPorts":null}}`,
		"order/sslCertificates":               `["b%2F1","a"]`,
		"order/trustedRootCertificates":       `["root"]`,
		"order/probes":                        `[]`,
		"order/frontendPorts":                 `["p"]`,
		"child/sslCertificates/b%2F1":         `{"name":"b/1","properties":{"data":null,"password":null}}`,
		"child/sslCertificates/a":             `{"name":"a","properties":{"publicCertData":null}}`,
		"child/trustedRootCertificates/root":  `{"name":"root","properties":{"data":null}}`,
		"child/frontendPorts/p":               `{"name":"p","properties":{"port":80}}`,
		"secret/sslCertificates/b%2F1":        `{"properties.data":"UEZY","properties.password":"hunter2"}`,
		"secret/sslCertificates/a":            `{"properties.publicCertData":"PUBLIC"}`,
		"secret/trustedRootCertificates/root": `{"properties.data":"ROOT"}`,
	}
	got := map[string]string{}
	for key, value := range keys {
		got[key] = string(value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// No secret lies outside of the keys that are encrypted, in whatever case the document spells its property.
func TestSecretsLieApart(t *testing.T) {
	for _, text := range []string{
		twoCertificates,
		strings.ReplaceAll(strings.ReplaceAll(twoCertificates, `"data"`, `"Data"`), "sslCertificates", "SSLCertificates"),
		`{"properties":{"sslCertificates":[{"name":"a","data":"UEZY","password":"hunter2"},{"name":"a","data":"UEZY"},{"data":"UEZY"}]}}`,
	} {
		keys, err := layout.Split(layout.Config{Document: []byte(text), Shared: []byte("password: hunter2")})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range keys {
			for _, secret := range []string{"UEZY", "hunter2", "PUBLIC", "ROOT"} {
				if !layout.IsSecret(key) && bytes.Contains(value, []byte(secret)) {
					t.Errorf("%s holds %s: %s", key, secret, value)
				}
			}
		}
		back, err := layout.Join(keys)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(indented(t, text), string(back.Document)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	}
}

func TestDocumentsThatCannotBeCut(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   "unexpected end of JSON input",
		`[]`:                                 "no JSON object",
		`{"name":"x"}`:                       "canonical form",
		`{"properties":[]}`:                  "no JSON object",
		`{"properties":{"a":1,"a":2}}`:       `"a" repeats`,
		`{"properties":{"probes":[{"name"]}`: "invalid character",
	} {
		_, err := layout.Split(layout.Config{Document: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Split(%s) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestAChangeTouchesOnlyWhatDiffers(t *testing.T) {
	was, err := layout.Split(layout.Config{Document: []byte(twoCertificates)})
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(twoCertificates, `"port":80`, `"port":81`)
	changed = strings.ReplaceAll(changed, `,
	{"name":"a","properties":{"publicCertData":"PUBLIC"}}`, "")
	is, err := layout.Split(layout.Config{Document: []byte(changed)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"child/frontendPorts/p", "child/sslCertificates/a", "order/sslCertificates", "secret/sslCertificates/a",
	}
	if diff := cmp.Diff(want, layout.Diff(was, is).Keys()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !layout.Diff(is, is).Empty() {
		t.Error("equal keys differ")
	}
}

// Any JSON under any names comes back, the order of children too.
func TestAnyDocumentComesBack(t *testing.T) {
	name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a", "A", "a/b", "#1", "", "%23"}))
	rapid.Check(t, func(t *rapid.T) {
		var children []any
		for range rapid.IntRange(0, 5).Draw(t, "children") {
			child := map[string]any{"properties": map[string]any{"data": rapid.String().Draw(t, "data"), "other": nil}}
			if rapid.Bool().Draw(t, "named") {
				child["name"] = name.Draw(t, "name")
			}
			children = append(children, child)
		}
		collection := rapid.SampledFrom([]string{"sslCertificates", "probes", "urlPathMaps", "other"}).Draw(t, "collection")
		text, err := json.Marshal(map[string]any{"properties": map[string]any{collection: children, "x": name.Draw(t, "x")}})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := layout.Split(layout.Config{Document: text})
		if err != nil {
			t.Fatal(err)
		}
		back, err := layout.Join(keys)
		if err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, back.Document); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), compact.String()); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}

func indented(t *testing.T, text string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(compacted(t, text)), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

func compacted(t *testing.T, text string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
