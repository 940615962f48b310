package arm

import (
	"context"
	"strings"
	"sync"
	"time"
)

// recent shares reports: whoever asks for one that is under way, or was made a moment ago, gets the same. So a page that many have open
// costs as much as one.
type recent struct {
	mu   sync.Mutex
	all  map[string]*recentReport
	most int // that are kept
}

type recentReport struct {
	made    chan struct{} // closed once it is
	at      time.Time
	printed Printed
	err     error
}

// Bounds of what is shared.
const (
	reportLife  = 30 * time.Second // for which a report is as good as a new one
	reportsKept = 16
	reportShare = 4 << 20 // bytes: larger ones are not kept
)

// get returns the report under a key, which run makes if there is none. It is made to its end, whoever leaves meanwhile.
func (r *recent) get(ctx context.Context, key string, run func(context.Context) (Printed, error)) (Printed, error) {
	one, mine := r.find(key)
	if mine {
		go func() {
			one.printed, one.err = run(context.WithoutCancel(ctx))
			r.settle(key, one)
		}()
	}
	select {
	case <-one.made:
		return one.printed, one.err
	case <-ctx.Done():
		return Printed{}, ctx.Err()
	}
}

// find returns the report under a key, or a new one that is the caller's to make.
func (r *recent) find(key string) (one *recentReport, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, old := range r.all {
		if old.stale() {
			delete(r.all, k)
		}
	}
	if one = r.all[key]; one != nil {
		return one, false
	}
	one = &recentReport{made: make(chan struct{})}
	if len(r.all) < r.most { // else nobody shares it
		r.all[key] = one
	}
	return one, true
}

// settle hands a report to those who wait for it. An error is only theirs, and so is a large report.
func (r *recent) settle(key string, one *recentReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.at = time.Now()
	if (one.err != nil || len(one.printed.Text) > reportShare) && r.all[key] == one {
		delete(r.all, key)
	}
	close(one.made)
}

// stale reports whether a report is made and too old.
func (o *recentReport) stale() bool {
	select {
	case <-o.made:
		return time.Since(o.at) >= reportLife
	default:
		return false
	}
}

// drop forgets the reports whose key begins with a prefix.
func (r *recent) drop(prefix string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.all {
		if strings.HasPrefix(k, prefix) {
			delete(r.all, k)
		}
	}
}
