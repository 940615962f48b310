package document_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// A setting of causeway.yaml is changed where it stands; what else the file says, comments too, stays.
func TestChangeLocal(t *testing.T) {
	t.Parallel()
	const file = "# of the shop\n\nconnectTimeout: 2s # a LAN\nmembers:\n  shop-1: 10.0.0.4:8080\nbackendIdleTimeout: 60s # as Azure\n"
	for name, c := range map[string]struct{ file, patch, want string }{
		"another value": {
			file, `{"backendIdleTimeout":"25s"}`, strings.Replace(file, "60s # as Azure", "25s # as Azure", 1),
		},
		"a new one":        {"connectTimeout: 2s\n", `{"keepAliveHint":"ignore"}`, "connectTimeout: 2s\nkeepAliveHint: ignore\n"},
		"one inside":       {"sizes:\n  v2: {cpu: 1} # small\n", `{"sizes":{"v2":{"cpu":2.5}}}`, "sizes:\n  v2: {cpu: 2.5} # small\n"},
		"a new one inside": {"", `{"sizes":{"v2":{"memory":"2048MiB"}}}`, "sizes:\n  v2:\n    memory: 2048MiB\n"},
		"back to default":  {file, `{"connectTimeout":null}`, "# of the shop\n\nmembers:\n  shop-1: 10.0.0.4:8080\nbackendIdleTimeout: 60s # as Azure\n"},
		"only comments":    {"# nothing yet\n", `{"backendIdleTimeout":"25s"}`, "# nothing yet\nbackendIdleTimeout: 25s\n"},
		"nothing to drop":  {"connectTimeout: 2s\n", `{"logs":null}`, "connectTimeout: 2s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := document.ChangeLocal([]byte(c.file), patchOf(t, c.patch))
			if err != nil || string(got) != c.want {
				t.Errorf("%v\n%s", err, got)
			}
			if _, problems, err := (document.Source{Local: got}).ParseLocal(); err != nil || len(problems) > 0 {
				t.Errorf("%v %v", problems, err)
			}
		})
	}
}

// What names files or holds secrets is not changed from elsewhere, nor what cannot be changed where it stands.
func TestChangeLocalRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, patch string }{
		"files":         {"", `{"certificates":{"shop":{"pfx":"/etc/shadow"}}}`},
		"members":       {"", `{"members":{"shop-1":"127.0.0.1:22"}}`},
		"no such":       {"", `{"idle":"1s"}`},
		"no YAML":       {"a: [", `{"connectTimeout":"1s"}`},
		"no mapping":    {"- a\n", `{"connectTimeout":"1s"}`},
		"not a mapping": {"sizes: small\n", `{"sizes":{"v2":{"cpu":1}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := document.ChangeLocal([]byte(c.file), patchOf(t, c.patch))
			var format *document.FormatError
			if !errors.As(err, &format) {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}

// The settings that can be read are in the form in which they can be written: read and written back, they say the same.
func TestSettingsAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(document.Settings(gateway.DefaultLocal()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := document.ChangeLocal(nil, patchOf(t, string(b)))
	if err != nil {
		t.Fatal(err)
	}
	local, problems, err := document.Source{Local: text}.ParseLocal()
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v %v in\n%s", problems, err, text)
	}
	again, _ := json.Marshal(document.Settings(local))
	if string(again) != string(b) {
		t.Errorf("%s\n%s", b, again)
	}
}

func FuzzChangeLocal(f *testing.F) {
	f.Add("connectTimeout: 2s # a LAN\n", `{"connectTimeout":"1s"}`)
	f.Add("sizes: {v2: {cpu: 1}}\n", `{"sizes":{"v2":null,"small":{"cpu":2}}}`)
	f.Fuzz(func(t *testing.T, file, patch string) {
		var p map[string]any
		if json.Unmarshal([]byte(patch), &p) != nil {
			t.Skip()
		}
		if _, problems, err := (document.Source{Local: []byte(file)}).ParseLocal(); err != nil || len(problems) > 0 {
			t.Skip()
		}
		before := maps.Clone(p)
		out, err := document.ChangeLocal([]byte(file), p)
		var format *document.FormatError
		if err != nil && !errors.As(err, &format) {
			t.Errorf("%v", err)
		}
		if err == nil && len(before) == 0 {
			if _, problems, err := (document.Source{Local: out}).ParseLocal(); err != nil || len(problems) > 0 {
				t.Errorf("%v %v\n%s", problems, err, out)
			}
		}
	})
}

func patchOf(t *testing.T, text string) (p map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}
