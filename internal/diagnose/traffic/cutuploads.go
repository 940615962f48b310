package traffic

import (
	"causeway/internal/accesslog"
)

// A member may answer before it has read a whole request. Its answer is complete, and no failure: the rest of the request is read and
// thrown away. But a client that pauses for longer than the gateway waits is cut off, and may never have read that answer.

// CutUploads are requests whose rest a member did not take.
type CutUploads struct {
	N, Paused, Left int
	Dropped         int64 // bytes
	ID              string
}

func (c *CutUploads) see(r *accesslog.Record) {
	if r.Cut == "" {
		return
	}
	c.N++
	c.Dropped += r.Dropped
	switch r.Cut {
	case accesslog.CutPaused:
		if c.Paused++; c.ID == "" {
			c.ID = IDOf(r)
		}
	case accesslog.CutLeft:
		c.Left++
	}
}
