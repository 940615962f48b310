package diagnose_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Connections end under every request to one path, at both members, which answer all others meanwhile: that is of the request, and no
// restart and no idle limit chooses paths. Where the same failures come on all paths, they are first again.
func TestOnePathIsOfTheRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   func(i int) string
		likely string
		doubt  bool
	}{
		"one path":  {func(int) string { return "/import" }, "g-crash-on-input", true},
		"any paths": {func(i int) string { return "/" + string(rune('a'+i/4%5)) }, "c-restart", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 240 {
				s.After(200*time.Millisecond).Request(4+i%2, story.Path("/"+string(rune('a'+i%5))))
				if i%12 == 0 {
					s.Request(4+i/12%2, story.Path(c.path(i)), story.Fails(story.RaceFault, time.Duration(200+i)*time.Millisecond))
				}
			}
			g := story.Group(t, s.Diagnose(), 0)
			if g.Failures != 20 || g.Rivals[0].Cause != c.likely {
				t.Errorf("%d failures, first of all %s", g.Failures, g.Rivals[0].Cause)
			}
			for _, r := range append(g.Rivals, g.AlsoPossible...) {
				if r.Cause == "c-restart" && (r.Against != "") != c.doubt {
					t.Errorf("against c-restart: %q", r.Against)
				}
			}
		})
	}
}
