package traffic

import (
	"cmp"
	"slices"
)

// GroupBy splits events by a key, in the order in which the keys first occur.
func GroupBy[K comparable](events []*Event, key func(*Event) K) (keys []K, groups map[K][]*Event) {
	groups = map[K][]*Event{}
	for _, e := range events {
		k := key(e)
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], e)
	}
	return keys, groups
}

// Filter are the events that want keeps.
func Filter(events []*Event, want func(*Event) bool) []*Event {
	var out []*Event
	for _, e := range events {
		if want(e) {
			out = append(out, e)
		}
	}
	return out
}

// SortByTime puts events into the order of time.
func SortByTime(events []*Event) {
	slices.SortStableFunc(events, func(a, b *Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
}

// Partition splits events into those that want keeps and the rest.
func Partition(events []*Event, want func(*Event) bool) (in, out []*Event) {
	for _, e := range events {
		if want(e) {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	return in, out
}
