package traffic

import (
	"slices"
	"strings"

	"causeway/internal/accesslog"
)

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

// StreamTypes lists the media types of the streams among events.
func StreamTypes(events []*Event) string {
	var out []string
	for _, e := range events {
		if !slices.Contains(out, e.Stream) {
			out = append(out, e.Stream)
		}
	}
	return strings.Join(out, ", ")
}

// endedForSilence reports whether the gateway ended a tunnel (a WebSocket) because neither side had sent anything for the request
// timeout. Older records have IdleEnd alone.
func endedForSilence(r *accesslog.Record) bool { return r.IdleEnd || r.End == accesslog.EndIdle }

// Tunnels counts those of some settings.
type Tunnels struct {
	All, Silent int
	ID          string // of one that was ended for silence
}

// seeTunnel counts a record that is one.
func (a *FalseFriends) seeTunnel(r *accesslog.Record) {
	if r.Status != 101 {
		return
	}
	t := a.Tunnels[r.Settings]
	if t == nil {
		if len(a.Tunnels) >= maxFalseFriends {
			return
		}
		if a.Tunnels == nil {
			a.Tunnels = map[string]*Tunnels{}
		}
		t = &Tunnels{}
		a.Tunnels[r.Settings] = t
	}
	if t.All++; endedForSilence(r) {
		if t.Silent++; t.ID == "" {
			t.ID = IDOf(r)
		}
	}
}
