package diagnose

import "strings"

// streamType is the media type of an answer that has no end of its own and goes on for as long as both sides like, in lower
// case and without parameters; empty for any other.
func streamType(contentType string) string {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); media {
	case "text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson", "application/stream+json", "application/grpc":
		return media
	}
	return ""
}
