package layout

import (
	"bytes"
	"maps"
	"slices"
)

// Change turns one set of keys into another.
type Change struct {
	Put    Keys
	Delete []string // in order
}

// Diff is the change from was to is: only keys that differ.
func Diff(was, is Keys) Change {
	c := Change{Put: Keys{}}
	for key, value := range is {
		if old, ok := was[key]; !ok || !bytes.Equal(old, value) {
			c.Put[key] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[key]; !ok {
			c.Delete = append(c.Delete, key)
		}
	}
	return c
}

// Empty reports that nothing differs.
func (c Change) Empty() bool { return len(c.Put) == 0 && len(c.Delete) == 0 }

// Keys are all that the change touches, in order.
func (c Change) Keys() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(c.Put)), c.Delete)))
}
