package gateway

import "testing"

// Names of causeway.yaml find what the document calls the same in another case, and nothing else.
func TestLocalFindsNamesInAnyCase(t *testing.T) {
	l := Local{
		Certificates: map[string]KeyPair{"Shop": {PFX: "shop.pfx"}},
		Members:      map[string]string{"web.internal": "127.0.0.1:9001", "10.0.0.4": "127.0.0.1:9002"},
	}
	if pair, ok := l.KeyPair("sHOP"); !ok || pair.PFX != "shop.pfx" {
		t.Errorf("%+v, %v", pair, ok)
	}
	if pair, ok := l.KeyPair("shop2"); ok {
		t.Errorf("%+v for a certificate that has no files", pair)
	}
	for _, x := range []struct {
		name   string
		member Address
		want   string
	}{
		{"a name", Address{FQDN: "WEB.internal"}, "127.0.0.1:9001"},
		{"an address", Address{IP: "10.0.0.4"}, "127.0.0.1:9002"},
		{"another address", Address{IP: "10.0.0.40"}, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := l.Dial(x.member); got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

func TestMisused(t *testing.T) {
	misspelt := []Problem{{Code: "OutOfRange"}, {Code: UnknownProtection}}
	if !Misused(misspelt) || Misused(misspelt[:1]) || Misused(nil) {
		t.Error("only a protection that does not exist is misuse")
	}
}

// Problems come in the order of the document: positions by number, and each of them once.
func TestSortProblems(t *testing.T) {
	got := SortProblems([]Problem{
		{Path: "probes[10].port", Severity: Warning},
		{Path: "probes[9].port", Severity: Warning},
		{Path: "probes", Severity: Warning},
		{Path: "probes[10].port", Severity: Error},
		{Path: "probes[9].port", Severity: Warning},
		{Path: "", Severity: Error},
	})
	want := []Problem{
		{Path: "", Severity: Error},
		{Path: "probes", Severity: Warning},
		{Path: "probes[9].port", Severity: Warning},
		{Path: "probes[10].port", Severity: Error},
		{Path: "probes[10].port", Severity: Warning},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("at %d: %v, want %v", i, got[i], want[i])
		}
	}
}
