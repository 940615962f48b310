package clients

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// ChainedProxy recognises k-chained-proxy: the backend is itself a proxy that failed.
var ChainedProxy = inference.Analyzer{
	Name: "k-chained-proxy", Requires: inference.Trace,
	Doc: "the member's error is the page that a proxy writes of its own when the server behind it fails",
	Run: chainedProxy,
}

// chainedProxy: at the member or behind it is a proxy, and its own member failed. Its error page shows that, which what is
// before it may have handed on.
func chainedProxy(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.Attempt.Page != "" }),
		func(e *traffic.Event) productAt {
			return productAt{e.Pool, e.Settings, e.Attempt.Page}
		})
	for _, k := range keys {
		events := groups[k]
		f := c.Claim("k-chained-proxy", events, inference.ScopeOf(events), report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s, each with the error page of %s: that proxy stands at the member's address or behind it, and got no answer from the server behind itself", statuses(events), k.product), events...)
		f.RuleOut("k-backend-5xx", "the page is not the application's own but that of "+k.product)
		f.SetExpected("backend", len(events), len(events), "bounded", "once the server behind "+k.product+" answers")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// PlatformFront recognises k-chained-proxy: the backend is itself a proxy that failed.
var PlatformFront = inference.Analyzer{
	Name: "k-chained-proxy", Requires: inference.Log,
	Doc: "the member is the front end of a platform, by its name or the Host that it is sent, and answers 502, 503 or 504",
	Run: platformFront,
}

// platformFront: the member is a name of a platform. A proxy of the platform's own answers there for the application behind
// it; its log, not the application's, has these answers.
func platformFront(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Status && e.Attempt.Status >= 502 && e.Attempt.Status <= 504 && c.Traffic.PlatformOf(e) != ""
	}), func(e *traffic.Event) productAt { return productAt{e.Pool, e.Settings, c.Traffic.PlatformOf(e)} })
	for _, k := range keys {
		events := groups[k]
		f := c.Claim("k-chained-proxy", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s from a name of %s, where a front end of the platform answers for the application while that restarts, sleeps or does not answer it", statuses(events), k.product), events...)
		f.AddOpenRivals("k-backend-5xx", "c-deploy-no-drain", "g-shed-503", "d-inner-timeout", "d-cold-start")
		f.SetExpected("backend", len(events), len(events), "bounded", "once the application behind "+k.product+" answers")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// productAt is a proxy's product and where it answers.
type productAt struct{ pool, settings, product string }
