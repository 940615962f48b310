package connections

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
)

func TestLookalike(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, x := range []struct {
		low, high, hint time.Duration
		want            string
	}{
		{ms(2010), ms(2010), 0, "; that is the default of gunicorn gthread 20.1 and gunicorn gevent 20.1"},
		{ms(5000), ms(5000), ms(5000), "; that is the default of Node.js 16 to 20.12"},
		{ms(20000), ms(20000), 0, "; that is the default of puma 5.6, Tomcat 10.1 with Debian's server.xml and Hunchentoot 1.2.38"},
		{ms(6000), ms(6000), ms(5000), ". Ending a second after the announced limit is what Node.js does from 20.18 on"},
		{ms(73000), ms(73000), ms(72000), ". Ending a second after the announced limit is what Node.js does from 20.18 on"},
		{ms(65000), ms(65000), 0, ""}, // no version of Node.js
		{ms(44000), ms(44000), accesslog.Unset, "; that is the default of Thin 1.8"},
		{ms(8500), ms(11800), accesslog.Unset, "; that is the default of Bun 1.4"},
		{ms(33000), ms(38500), 0, "; that is the default of JDK httpserver 17 and 25 and jwebserver 25"},
		{ms(120200), ms(149000), 0, "; that is the default of waitress 2.1"},
		{ms(13000), ms(16000), 0, ""},
		{0, 0, 0, ""},
	} {
		if got := lookalike(x.low, x.high, x.hint); got != x.want {
			t.Errorf("%s to %s: %q", x.low, x.high, got)
		}
	}
}
