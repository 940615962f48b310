package arm

import (
	"sync"
	"time"

	"causeway/internal/accesslog"
)

// blockBytes is about how long the parts of a segment are of which the index knows the times.
const blockBytes = 4 << 20

// logIndex remembers the times in the blocks of segments that a query has read, so that the queries which ask for one part of a
// window after the other do not read the whole log each. A block may hold times of any age: a record is written when its request
// ends.
type logIndex struct {
	mu       sync.Mutex
	segments map[string][]logBlock // by path; the blocks lie one after the other from the beginning
}

// logBlock is a part of a segment that ends with a line.
type logBlock struct {
	end         int64 // offset
	first, last time.Time
}

// note widens the block by the time of a line.
func (b *logBlock) note(at time.Time) {
	if b.first.IsZero() || at.Before(b.first) {
		b.first = at
	}
	if at.After(b.last) {
		b.last = at
	}
}

// misses reports whether no line of the block can be in the window.
func (b *logBlock) misses(r *logRun) bool {
	return b.last.Before(r.from) || !r.to.IsZero() && !b.first.Before(r.to)
}

// of are the blocks that are known of a segment. One that is shorter than they are is another file.
func (x *logIndex) of(s accesslog.Segment) []logBlock {
	x.mu.Lock()
	defer x.mu.Unlock()
	blocks := x.segments[s.Path]
	if n := len(blocks); n > 0 && blocks[n-1].end > s.Bytes {
		delete(x.segments, s.Path)
		return nil
	}
	return blocks
}

// add adds the block behind the first so many, unless another query was faster.
func (x *logIndex) add(path string, behind int, b logBlock) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.segments == nil {
		x.segments = map[string][]logBlock{}
	}
	if len(x.segments[path]) == behind {
		x.segments[path] = append(x.segments[path], b)
	}
}

// keep forgets the segments that retention took.
func (x *logIndex) keep(segments []accesslog.Segment) {
	there := make(map[string]bool, len(segments))
	for _, s := range segments {
		there[s.Path] = true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for path := range x.segments {
		if !there[path] {
			delete(x.segments, path)
		}
	}
}
