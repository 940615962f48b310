package cause

import (
	"slices"
	"testing"
)

// Every rule is of a cause that exists, and names kinds that exist.
func TestKindRules(t *testing.T) {
	for id, rule := range kindRules {
		if Find(id) == nil {
			t.Errorf("there is no cause %s", id)
		}
		for _, k := range slices.Concat(rule.says, rule.keeps) {
			if !slices.Contains(FailureKinds(), k) {
				t.Errorf("%s: there is no kind %s", id, k)
			}
		}
	}
}

// A cause narrows what the evidence shows, and never leaves nothing.
func TestKindsUnder(t *testing.T) {
	for _, c := range []struct {
		id         string
		seen, want []FailureKind
	}{
		{"c-idle-race", []FailureKind{LostIdle, LostAtOnce}, []FailureKind{LostIdle}},
		{"d-inner-timeout", []FailureKind{Status}, []FailureKind{OtherTimer, Status}},
		{"b-drop", []FailureKind{Status}, []FailureKind{Status}},
		{"f-expired", []FailureKind{TLS, LostAtOnce}, []FailureKind{TLS}},
		{"", []FailureKind{Status}, []FailureKind{Status}},
	} {
		if got := KindsUnder(c.id, c.seen); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.id, got, c.want)
		}
	}
}
