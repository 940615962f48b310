package traffic

import (
	"slices"

	"causeway/internal/accesslog"
)

// A member that answers an upload with success before it has the whole body leaves its client with a success, and itself with a
// part. No request failed; whether the part is enough only the application knows.

// PartUploads are uploads that a member answered with 2xx though it took a part of the body, by member.
type PartUploads map[PartPlace]*PartUpload

// PartPlace is a member under settings.
type PartPlace struct{ Settings, Member string }

// PartUpload counts the uploads that members of a place answered with success before they had the whole body.
type PartUpload struct {
	N, Left  int
	Declared int64 // bytes, of those that declared a length
	Dropped  int64 // bytes
	Paths    []string
	ID       string
}

func (p *PartUploads) see(r *accesslog.Record) {
	if r.Status < 200 || r.Status > 299 || len(r.Attempts) == 0 || !tookPart(r) {
		return
	}
	k := PartPlace{r.Settings, MemberOf(&r.Attempts[len(r.Attempts)-1])}
	u := (*p)[k]
	if u == nil {
		if len(*p) >= maxFalseFriends {
			return
		}
		if *p == nil {
			*p = PartUploads{}
		}
		u = &PartUpload{ID: IDOf(r)}
		(*p)[k] = u
	}
	u.N++
	u.Dropped += r.Dropped
	u.Declared += max(0, r.Declared)
	if path := Template(r.URI); len(u.Paths) < maxPartPaths && !slices.Contains(u.Paths, path) {
		u.Paths = append(u.Paths, path)
	}
	if r.Cut == accesslog.CutLeft {
		u.Left++
	}
}

// tookPart reports whether the member left a part of a request body: the gateway threw it away, or the client kept it.
func tookPart(r *accesslog.Record) bool {
	return r.Cut == accesslog.CutDropped && r.Dropped > 0 || r.Cut == accesslog.CutLeft
}

// Bounds of what is kept.
const (
	MaxPartUploads = 8  // members that are named one by one
	maxPartPaths   = 20 // paths that are kept of each
)
