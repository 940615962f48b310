package peers

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Script is how a peer behaves. Its zero value is a well-behaved server that answers 200 to everything at once.
type Script struct {
	Reply Reply            // to every request
	Paths map[string]Reply // to requests for these paths instead

	TLS      *tls.Config
	Idle     time.Duration // a connection is closed this long after its last answer, or after it was accepted; 0: never
	Announce time.Duration // told to clients as Keep-Alive: timeout, in whole seconds; 0: nothing is
	MaxUses  int           // requests after which a connection ends when the next one comes; 0: no limit
	MaxAge   time.Duration // after which a connection is closed, whatever it does; 0: no limit
	Seed     uint64

	Host     string   // the only one that is served; others get 404; empty: all are
	Workers  int      // requests that are worked on at once, the others wait; 0: all
	Shed     int      // requests at once beyond which more are refused with 503; 0: none are
	MaxConns int      // connections beyond which more are closed at once; 0: no limit
	Mute     bool     // connections are accepted and nothing is ever said on them
	Sources  *Sources // that note where requests come from; may be nil
	Banner   string   // said on every connection before anything is asked, after which it is closed
}

// Reply is what a peer does with a request.
type Reply struct {
	After   func(*rand.Rand) time.Duration // time between request and answer; nil: none
	Header  http.Header
	Body    int    // bytes
	Text    string // body, instead of Body bytes
	Chunked bool
	Raw     string // the whole answer as it stands on the wire, instead of what the rest makes of it
	Before  string // bytes that go before the answer
	Read    int64  // bytes of the request's body that are read before the answer; 0: all, Nothing: none

	// What goes wrong, for all requests or by Odds.
	KillAt  time.Duration // a request that would take longer is ended at that time without an answer; 0: none is
	Odds    float64       // share of requests that the rest holds for, by the peer's dice; 0: all
	Status  int           // 200 if zero
	Declare int           // Content-Length, if not that of the body
	Never   bool          // there is no answer; the connection stays open
	End     Ending        // how the connection ends; Keep: it does not
	EndAt   int           // byte of the answer at which it ends, or rests; 0: before the first
	Rest    time.Duration // before it ends or goes on there
	Pieces  int           // in which the bytes up to there come; 0: one
	Pause   time.Duration // between two of them
}

// plain is the reply without what goes wrong.
func (r Reply) plain() Reply {
	r.Status, r.Declare, r.Never, r.End, r.Rest, r.Raw, r.Before = 0, 0, false, Keep, 0, "", ""
	return r
}

// Nothing is a request body left unread.
const Nothing = -1

// Ending is how a peer ends a connection.
type Ending uint8

// Ways to end a connection.
const (
	Keep  Ending = iota
	Close        // FIN
	Reset        // RST
)

// take reads as much of a request's body as the reply wants; false: it did not come.
func (r Reply) take(body io.Reader) bool {
	var err error
	switch {
	case r.Read == 0:
		_, err = io.Copy(io.Discard, body)
	case r.Read > 0:
		_, err = io.CopyN(io.Discard, body, r.Read)
	}
	return err == nil || r.Read > 0 && errors.Is(err, io.EOF)
}

// bytes is the answer on the wire.
func (r Reply) bytes(req *http.Request, s Script, last bool) []byte {
	if r.Raw != "" {
		return []byte(r.Raw)
	}
	body := r.Text
	if body == "" {
		body = strings.Repeat("x", r.Body)
	}
	var b strings.Builder
	status := r.Status
	if status == 0 {
		status = http.StatusOK
	}
	b.WriteString(r.Before)
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	r.Header.Write(&b)
	if s.Announce > 0 {
		fmt.Fprintf(&b, "Connection: keep-alive\r\nKeep-Alive: timeout=%d\r\n", int(s.Announce.Seconds()))
	}
	if last {
		b.WriteString("Connection: close\r\n")
	}
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		b.WriteString("\r\n")
		return []byte(b.String())
	case r.Chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if body = chunked(body); req.Method == http.MethodHead {
			body = ""
		}
	case r.Declare > 0:
		b.WriteString("Content-Length: " + strconv.Itoa(r.Declare) + "\r\n\r\n")
	default:
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
	}
	if req.Method != http.MethodHead || r.Chunked {
		b.WriteString(body)
	}
	return []byte(b.String())
}

func chunked(body string) string {
	if body != "" {
		body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	return body + "0\r\n\r\n"
}

// Always is a time that does not vary.
func Always(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// Between is a time that varies evenly between two bounds.
func Between(low, high time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return low + time.Duration(r.Int64N(int64(high-low)+1)) }
}
