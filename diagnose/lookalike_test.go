package diagnose

import (
	"testing"
	"time"
)

func TestLookalike(t *testing.T) {
	for _, x := range []struct {
		limit, hint time.Duration
		want        string
	}{
		{2010 * time.Millisecond, 0, "; that is the default of gunicorn's async workers"},
		{5 * time.Second, 0, "; that is the default of older Node.js, uvicorn and Apache httpd"},
		{20 * time.Second, 0, "; that is the default of puma and Tomcat's shipped server.xml"},
		{6 * time.Second, 5 * time.Second, ". Ending a second after the announced limit is what Node.js http servers do"},
		{40 * time.Second, 0, ""},
		{0, 0, ""},
	} {
		if got := lookalike(x.limit, x.hint); got != x.want {
			t.Errorf("%s: %q", x.limit, got)
		}
	}
}
