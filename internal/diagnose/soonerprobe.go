package diagnose

import (
	"slices"
	"strconv"

	"causeway/internal/gateway"
)

// fillProbe names the probe of a finding's settings, and what would notice a dead member sooner than it does. Where
// nothing would, the advice to probe more often is taken back.
func (q *inquiry) fillProbe(values map[string]string, f *finding) {
	if p := q.probeOf(f.Scope.Settings); p != nil {
		values["probe"] = p.Name
	}
	interval, threshold, sooner := q.soonerProbe(f.Scope.Settings)
	values["interval"], values["threshold"] = strconv.Itoa(interval), strconv.Itoa(threshold)
	if f.Cause == "a-slow-eviction" && !sooner {
		f.Fixes = slices.DeleteFunc(f.Fixes, func(x Fix) bool { return x.Side == "gateway" })
	}
}

// soonerProbe is an interval in seconds and a threshold that notice a dead member sooner than those of now; sooner is
// false where it hardly goes any sooner.
func (q *inquiry) soonerProbe(settings string) (interval, threshold int, sooner bool) {
	nowInterval, nowThreshold := 30, 3
	if p := q.probeOf(settings); p != nil {
		nowInterval, nowThreshold = p.Interval, p.UnhealthyThreshold
	}
	interval, threshold = min(5, max(1, nowInterval/2)), min(2, nowThreshold)
	return interval, threshold, interval*threshold < nowInterval*nowThreshold
}

// probeOf is the custom probe of settings; nil where the default one is in use, or there is no document.
func (q *inquiry) probeOf(settings string) *gateway.Probe {
	s := q.setting(settings)
	if s == nil {
		return nil
	}
	return q.config.Probe(s.Probe)
}

// setting is the backend settings of a name; nil where the document has none, or there is no document.
func (q *inquiry) setting(name string) *gateway.Settings {
	if q.config == nil {
		return nil
	}
	return q.config.Setting(name)
}
