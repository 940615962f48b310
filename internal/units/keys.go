package units

import (
	"cmp"
	"maps"
	"slices"
)

// SortedKeys are the keys of a map, in order: a report must not depend on chance.
func SortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
