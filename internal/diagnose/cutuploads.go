package diagnose

import (
	"fmt"

	"causeway/internal/accesslog"
)

// A member may answer before it has read a whole request. Its answer is complete, and no failure: the rest of the request is read and
// thrown away. But a client that pauses for longer than the gateway waits is cut off, and may never have read that answer.

// cutUploads are requests whose rest a member did not take.
type cutUploads struct {
	n, paused, left int
	dropped         int64 // bytes
	id              string
}

func (c *cutUploads) see(r *accesslog.Record) {
	if r.Cut == "" {
		return
	}
	c.n++
	c.dropped += r.Dropped
	switch r.Cut {
	case accesslog.CutPaused:
		if c.paused++; c.id == "" {
			c.id = idOf(r)
		}
	case accesslog.CutLeft:
		c.left++
	}
}

// notice tells the clients that were cut off.
func (c *cutUploads) notice() []Notice {
	if c.paused == 0 {
		return nil
	}
	return []Notice{{
		Cause: "e-early-response", Do: "let members read, or refuse with Connection: close, the whole of what they are sent; let clients read while they write",
		Fact: fmt.Sprintf("%d of %s that members answered early paused, and the gateway closed on them (%s): such a client may not have read its answer. Of the rest, %d closed first; %s were read and thrown away",
			c.paused, count(c.n, "upload", "uploads"), c.id, c.left, bytesText(c.dropped)),
	}}
}

// bytesText is a number of bytes as people say it.
func bytesText(n int64) string { return figure(float64(n)) + " bytes" }
