package traffic

import (
	"time"
)

// Options narrow a diagnosis.
type Options struct {
	Since, Until time.Time // zero: no bound
	Gateway      string    // whose records are taken; empty: the document's, or all
}

// holds reports whether a time is within the bounds.
func (o Options) holds(t time.Time) bool {
	return (o.Since.IsZero() || !t.Before(o.Since)) && (o.Until.IsZero() || t.Before(o.Until))
}
