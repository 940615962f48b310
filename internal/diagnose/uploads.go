package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// cutUploadNotice reports the clients that the gateway cut off.
func cutUploadNotice(c *traffic.CutUploads) []report.Notice {
	if c.Paused == 0 {
		return nil
	}
	return []report.Notice{{
		Cause: "e-early-response",
		Do:    "let members read, or refuse with Connection: close, the whole of what they are sent; let clients read while they write",
		Fact: fmt.Sprintf("%d of %s that members answered early paused, and the gateway closed on them (%s): such a client may not have read its answer. Of the rest, %d closed first; %s were read and thrown away",
			c.Paused, units.Count(c.N, "upload", "uploads"), c.ID, c.Left, units.Bytes(c.Dropped)),
	}}
}

// partUploadNotices name the members, those with the most uploads first.
func partUploadNotices(p traffic.PartUploads) (out []report.Notice) {
	places := make([]traffic.PartPlace, 0, len(p))
	for k := range p {
		places = append(places, k)
	}
	slices.SortFunc(places, func(a, b traffic.PartPlace) int {
		return cmp.Or(cmp.Compare(p[b].N, p[a].N), cmp.Compare(a.Settings, b.Settings), cmp.Compare(a.Member, b.Member))
	})
	for _, k := range places[:min(len(places), traffic.MaxPartUploads)] {
		out = append(out, partUploadNotice(p[k], k))
	}
	if more := len(places) - len(out); more > 0 {
		out[len(out)-1].Fact += fmt.Sprintf("; %s more did the same", units.Count(more, "member", "members"))
	}
	return out
}

func partUploadNotice(u *traffic.PartUpload, k traffic.PartPlace) report.Notice {
	scope := report.Scope{Settings: k.Settings, Member: k.Member}
	if len(u.Paths) == 1 {
		scope.Path = u.Paths[0]
	}
	fact := fmt.Sprintf("%s answered %s to %s with success (2xx) and closed before it had the whole body (%s): the clients hold a success, and the member has only a part",
		k.Member, units.Count(u.N, "upload", "uploads"), units.Some(u.Paths), u.ID)
	if u.Dropped > 0 {
		fact += "; the gateway threw " + units.Bytes(u.Dropped) + " away"
		if u.Declared > 0 {
			fact += fmt.Sprintf(" of %s declared", units.Bytes(u.Declared))
		}
	}
	if u.Left > 0 {
		fact += fmt.Sprintf("; %d of the clients closed before they had sent the rest", u.Left)
	}
	return report.Notice{
		Cause: "e-early-response", Scope: scope, Fact: fact,
		Do: "compare what the application stored with what was sent; let it read the whole body before it answers 2xx, or refuse with 4xx what it does not want",
	}
}
