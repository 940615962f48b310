package supervisor

import (
	"errors"
	"net/http"
	"strings"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/arm"
	"causeway/internal/portal"
)

// withPortal serves the portal beside the management API, at the same names.
func withPortal(api *arm.Server, s *access.Sessions) http.Handler {
	pages := portal.New(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if api.Knows(r.Host) && (strings.HasPrefix(r.URL.Path, portal.Path) || r.URL.Path == strings.TrimSuffix(portal.Path, "/")) {
			pages.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// InvitePortal makes a link that signs a browser in as whoever asks over the control socket. See admin.Gateway.
func (s *Supervisor) InvitePortal(caller string) (link string, err error) {
	if s.api == nil || s.api.ln == nil {
		return "", &admin.Refusal{
			Err: errors.New("the portal needs the management API, and the gateway runs without its address"), Hint: "start it with causeway serve --api :8443",
		}
	}
	s.api.mu.Lock()
	sessions := s.api.sessions
	s.api.mu.Unlock()
	if sessions == nil {
		return "", &admin.Refusal{
			Err: errors.New("the management API waits for the store"), Hint: "ask again; causeway health says how the store is",
		}
	}
	code := sessions.Invite(access.Caller{ID: caller, Role: access.Owner})
	return s.api.url() + portal.Path + "#code=" + code, nil
}
