package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"causeway/internal/accesslog"
)

// A member that answers an upload with success before it has the whole body leaves its client with a success, and itself with a
// part. No request failed; whether the part is enough only the application knows.

// partUploads are uploads that a member answered with 2xx though it took a part of the body, by member.
type partUploads map[partPlace]*partUpload

type partPlace struct{ settings, member string }

type partUpload struct {
	n, left  int
	declared int64 // bytes, of those that declared a length
	dropped  int64 // bytes
	paths    []string
	id       string
}

func (p *partUploads) see(r *accesslog.Record) {
	if r.Status < 200 || r.Status > 299 || len(r.Attempts) == 0 || !tookPart(r) {
		return
	}
	k := partPlace{r.Settings, memberOf(&r.Attempts[len(r.Attempts)-1])}
	u := (*p)[k]
	if u == nil {
		if len(*p) >= maxAsides {
			return
		}
		if *p == nil {
			*p = partUploads{}
		}
		u = &partUpload{id: idOf(r)}
		(*p)[k] = u
	}
	u.n++
	u.dropped += r.Dropped
	u.declared += max(0, r.Declared)
	if path := template(r.URI); len(u.paths) < maxPartPaths && !slices.Contains(u.paths, path) {
		u.paths = append(u.paths, path)
	}
	if r.Cut == accesslog.CutLeft {
		u.left++
	}
}

// tookPart reports whether the member left a part of a request body: the gateway threw it away, or the client kept it.
func tookPart(r *accesslog.Record) bool {
	return r.Cut == accesslog.CutDropped && r.Dropped > 0 || r.Cut == accesslog.CutLeft
}

const (
	maxPartUploads = 8  // members that are named one by one
	maxPartPaths   = 20 // paths that are kept of each
)

// notices name the members, those with the most uploads first.
func (p partUploads) notices() (out []Notice) {
	places := make([]partPlace, 0, len(p))
	for k := range p {
		places = append(places, k)
	}
	slices.SortFunc(places, func(a, b partPlace) int {
		return cmp.Or(cmp.Compare(p[b].n, p[a].n), cmp.Compare(a.settings, b.settings), cmp.Compare(a.member, b.member))
	})
	for _, k := range places[:min(len(places), maxPartUploads)] {
		out = append(out, p[k].notice(k))
	}
	if more := len(places) - len(out); more > 0 {
		out[len(out)-1].Fact += fmt.Sprintf("; %s more did the same", count(more, "member", "members"))
	}
	return out
}

func (u *partUpload) notice(k partPlace) Notice {
	scope := Scope{Settings: k.settings, Member: k.member}
	if len(u.paths) == 1 {
		scope.Path = u.paths[0]
	}
	fact := fmt.Sprintf("%s answered %s to %s with success (2xx) and closed before it had the whole body (%s): the clients hold a success, and the member has only a part", k.member, count(u.n, "upload", "uploads"), someOf(u.paths), u.id)
	if u.dropped > 0 {
		fact += "; the gateway threw " + bytesText(u.dropped) + " away"
		if u.declared > 0 {
			fact += fmt.Sprintf(" of %s declared", bytesText(u.declared))
		}
	}
	if u.left > 0 {
		fact += fmt.Sprintf("; %d of the clients closed before they had sent the rest", u.left)
	}
	return Notice{
		Cause: "e-early-response", Scope: scope, Fact: fact,
		Do: "compare what the application stored with what was sent; let it read the whole body before it answers 2xx, or refuse with 4xx what it does not want",
	}
}
