package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var chainedProxies = hypothesis{
	cause: "k-chained-proxy", needs: theTrace,
	test: "the member's error is the page that a proxy writes of its own when the server behind it fails",
	look: chainedProxy,
}

// chainedProxy: at the member or behind it is a proxy, and its own member failed. It says so by its page, which what stands
// before it may have handed on.
func chainedProxy(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.attempt.Page != "" }), func(e *event) productAt {
		return productAt{e.pool, e.settings, e.attempt.Page}
	})
	for _, k := range keys {
		events := groups[k]
		f := q.claim("k-chained-proxy", events, scopeOf(events), High)
		f.says("access-log", fmt.Sprintf("%s, each with the error page of %s: at the member's address, or behind it, stands one that could not get an answer from the server behind itself", statuses(events), k.product), events...)
		f.excludes("k-backend-5xx", "the page is not the application's own but that of "+k.product)
		f.expect("backend", len(events), len(events), "bounded", "once the server behind "+k.product+" answers")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

var platformFronts = hypothesis{
	cause: "k-chained-proxy", needs: theLog,
	test: "the member is the front end of a platform, by its name or the Host that it is sent, and answers 502, 503 or 504",
	look: platformFront,
}

// platformFront: the member is a name of a platform. A proxy of the platform's own stands there and speaks for the application behind
// it; its log, not the application's, has these answers.
func platformFront(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.fault.Kind == fault.Status && e.attempt.Status >= 502 && e.attempt.Status <= 504 && q.platformOf(e) != ""
	}), func(e *event) productAt { return productAt{e.pool, e.settings, q.platformOf(e)} })
	for _, k := range keys {
		events := groups[k]
		f := q.claim("k-chained-proxy", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%s from a name of %s, where a front end of the platform answers for the application while that restarts, sleeps or does not answer it", statuses(events), k.product), events...)
		f.may("k-backend-5xx", "c-deploy-no-drain", "g-shed-503", "d-inner-timeout", "d-cold-start")
		f.expect("backend", len(events), len(events), "bounded", "once the application behind "+k.product+" answers")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// productAt is a proxy's product and where it answers.
type productAt struct{ pool, settings, product string }
