package protocol_test

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// The server ends the connection on addresses that it does not take, wherever they lead. If they all lead to one place, it
// may as well be the code there; if one such address was answered, it is not the address; and if nothing is answered at
// those times, it is none of the two.
func TestAddressesThatAServerRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paths []string
		also  string // that is answered
		want  string
	}{
		"all that are odd":        {paths: []string{"/a%2Fb", "/docs/c%2fd"}, want: "e-uri-rejected"},
		"all at one place":        {paths: []string{"/docs/a%2Fb", "/docs/c%2fd"}},
		"one of them is answered": {paths: []string{"/a%2Fb", "/docs/c%2fd"}, also: "/map/x%2Fy"},
		"nothing odd":             {paths: []string{"/a", "/docs/c"}, want: "g-crash-on-input"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 40 {
				s.After(200*time.Millisecond).Request(4, story.Path("/plain"))
				s.Request(4, story.Path("/plain"), story.Reused(time.Second, 1))
				if i%3 == 0 {
					s.Request(4, story.Path(c.paths[i%len(c.paths)]), story.Fails(story.RaceFault, 3*time.Millisecond))
				}
				if c.also != "" {
					s.Request(4, story.Path(c.also))
				}
			}
			r := s.Diagnose()
			for _, f := range r.Findings {
				if f.Cause != c.want {
					t.Errorf("%s %s", f.Cause, f.Confidence)
				}
			}
			if c.want != "" && len(r.Findings) == 0 {
				t.Errorf("nothing is found: %+v", r.Undetermined)
			}
			if c.want == "" && !slices.Contains(r.Undetermined.Rivals, "e-uri-rejected") {
				t.Errorf("rivals %v", r.Undetermined.Rivals)
			}
		})
	}
}
