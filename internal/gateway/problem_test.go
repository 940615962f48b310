package gateway

import "testing"

func TestProblemText(t *testing.T) {
	got := ProblemText("f: ", []Problem{
		{"a", "A", "old", "renew", Warning},
		{"b", "B", "bad", "mend\nit", Error},
		{"c", "B", "bad", "mend\nit", Error},
		{"d", "A", "old\x1b", "renew", Warning},
		{"e", "E", "odd", "", Warning},
	})
	want := `f: error: b: bad [B]
f: error: c: bad [B]
  hint: mend
    it
f: warning: a: old [A]
f: warning: d: old` + "\ufffd" + ` [A]
  hint: renew
f: warning: e: odd [E]
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
