package inference

import (
	"slices"
	"strconv"

	"causeway/internal/gateway"
	"causeway/internal/report"
)

// fillProbe fills in the probe of a finding's settings, and values that would notice a dead member sooner. Where
// none would, it drops the advice to probe more often.
func (c *Case) fillProbe(values map[string]string, f *Finding) {
	if p := c.ProbeOf(f.Scope.Settings); p != nil {
		values["probe"] = p.Name
	}
	interval, threshold, sooner := c.SoonerProbe(f.Scope.Settings)
	values["interval"], values["threshold"] = strconv.Itoa(interval), strconv.Itoa(threshold)
	values["probeTimeout"] = strconv.Itoa(min(interval, c.probeTimeout(f.Scope.Settings))) // a probe ends before the next one
	if f.Cause == "a-slow-eviction" && !sooner {
		f.Fixes = slices.DeleteFunc(f.Fixes, func(x report.Fix) bool { return x.Side == "gateway" })
	}
}

// SoonerProbe is an interval in seconds and a threshold that notice a dead member sooner than those of now; sooner is
// false where it hardly goes any sooner.
func (c *Case) SoonerProbe(settings string) (interval, threshold int, sooner bool) {
	nowInterval, nowThreshold := 30, 3
	if p := c.ProbeOf(settings); p != nil {
		nowInterval, nowThreshold = p.Interval, p.UnhealthyThreshold
	}
	interval, threshold = min(5, max(1, nowInterval/2)), min(2, nowThreshold)
	return interval, threshold, interval*threshold < nowInterval*nowThreshold
}

// probeTimeout is how many seconds a probe waits for an answer now.
func (c *Case) probeTimeout(settings string) int {
	if p := c.ProbeOf(settings); p != nil {
		return p.Timeout
	}
	return 30 // of the default probe
}

// ProbeOf is the custom probe of settings; nil where the default probe is in use, or there is no document.
func (c *Case) ProbeOf(settings string) *gateway.Probe {
	s := c.Setting(settings)
	if s == nil {
		return nil
	}
	return c.Traffic.Config.Probe(s.Probe)
}

// Setting is the backend settings of a name; nil where the document has none, or there is no document.
func (c *Case) Setting(name string) *gateway.Settings {
	if c.Traffic.Config == nil {
		return nil
	}
	return c.Traffic.Config.Setting(name)
}
