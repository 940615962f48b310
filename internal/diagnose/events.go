package diagnose

import (
	"cmp"
	"slices"
)

// groupBy splits events by a key, in the order in which the keys first occur.
func groupBy[K comparable](events []*event, key func(*event) K) (keys []K, groups map[K][]*event) {
	groups = map[K][]*event{}
	for _, e := range events {
		k := key(e)
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], e)
	}
	return keys, groups
}

// filtered are the events that want keeps.
func filtered(events []*event, want func(*event) bool) []*event {
	var out []*event
	for _, e := range events {
		if want(e) {
			out = append(out, e)
		}
	}
	return out
}

// sortByTime puts events into the order of time.
func sortByTime(events []*event) {
	slices.SortStableFunc(events, func(a, b *event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
}

// parted splits events into those that want keeps and the rest.
func parted(events []*event, want func(*event) bool) (in, out []*event) {
	for _, e := range events {
		if want(e) {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	return in, out
}
