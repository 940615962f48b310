package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

var silentStreams = hypothesis{
	cause: "d-ws-sse-idle", needs: theLog,
	test: "answers of a type that streams (text/event-stream and the like) had begun, and were cut when nothing had come for the request timeout",
	look: silentStream,
}

// silentStream: the request timeout runs between two reads of an answer, so a stream that has nothing to say for so long is cut. It is
// no body that stands still: nothing was due.
func silentStream(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return silenceInBody(e) && e.stream != "" }), (*event).poolKey)
	for _, k := range keys {
		var events []*event
		for _, e := range q.besideFrozen(groups[k]) {
			if limit := q.timeouts[k.settings]; limit == 0 || e.attempt.Receive <= limit+limit/4 { // one that outlived it has a gap later on
				events = append(events, e)
			}
		}
		if len(events) == 0 {
			continue
		}
		f := q.claim("d-ws-sse-idle", events, scopeOf(events), confidenceOf(events[0].own))
		f.says("access-log", fmt.Sprintf("%s of type %s began, and ended when nothing had come from the member for the request timeout%s", count(len(events), "answer", "answers"), streamTypes(events), q.timeoutText(k.settings)), events...)
		f.excludes("d-slow-body", "a stream is not late with anything: it has no length, and nothing was due")
		f.leaves("d-read-gap")
		f.expect("backend", len(events), len(events), "bounded", "a comment line or an event sooner than that keeps a stream open")
		f.expect("gateway", 0, len(events), "bounded", "with a request timeout above the longest silence; how long that is, is not in the evidence")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// silenceInBody matches an answer that was cut because nothing came for the request timeout.
func silenceInBody(e *event) bool {
	return e.fault.Side == fault.Backend && e.fault.Phase == fault.Body && e.fault.Kind == fault.Timeout
}

// timeoutText is the request timeout of settings in brackets; empty where it is not known.
func (q *inquiry) timeoutText(settings string) string {
	if limit := q.timeouts[settings]; limit > 0 {
		return " of " + seconds(limit)
	}
	return ""
}

// streamType is the media type of an answer that goes on for as long as both sides like, in lower case and without parameters;
// empty for any other.
func streamType(contentType string) string {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); media {
	case "text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson", "application/stream+json", "application/grpc":
		return media
	}
	return ""
}

func streamTypes(events []*event) string {
	var out []string
	for _, e := range events {
		if !slices.Contains(out, e.stream) {
			out = append(out, e.stream)
		}
	}
	return strings.Join(out, ", ")
}

// endedForSilence reports whether the gateway ended a tunnel (a WebSocket) because neither side had said anything for the request
// timeout. Older records have IdleEnd alone.
func endedForSilence(r *accesslog.Record) bool { return r.IdleEnd || r.End == accesslog.EndIdle }

// tunnels counts those of some settings.
type tunnels struct {
	all, silent int
	id          string // of one that was ended for silence
}

// seeTunnel counts a record that is one.
func (a *asides) seeTunnel(r *accesslog.Record) {
	if r.Status != 101 {
		return
	}
	t := a.tunnels[r.Settings]
	if t == nil {
		if len(a.tunnels) >= maxAsides {
			return
		}
		if a.tunnels == nil {
			a.tunnels = map[string]*tunnels{}
		}
		t = &tunnels{}
		a.tunnels[r.Settings] = t
	}
	if t.all++; endedForSilence(r) {
		if t.silent++; t.id == "" {
			t.id = idOf(r)
		}
	}
}

// silentTunnels tells the WebSockets that were ended for their silence: nobody failed, and their users lost a connection all the same.
func (q *inquiry) silentTunnels() (out []Notice) {
	for _, s := range sortedKeys(q.aside.tunnels) {
		if t := q.aside.tunnels[s]; t.silent > 0 {
			out = append(out, Notice{
				Cause: "d-ws-sse-idle", Scope: Scope{Settings: s}, Do: "send a ping at intervals below the request timeout, from either side, or raise the request timeout above the longest silence",
				Fact: fmt.Sprintf("the gateway ended %d of %s under %s because neither side had said anything for the request timeout%s (%s)", t.silent, count(t.all, "WebSocket", "WebSockets"), named(s, "settings"), q.timeoutText(s), t.id),
			})
		}
	}
	return out
}

// silentEnds is how many tunnels the gateway ended for their silence.
func (q *inquiry) silentEnds() (n int) {
	for _, t := range q.aside.tunnels {
		n += t.silent
	}
	return n
}
