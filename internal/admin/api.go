package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"causeway/internal/access"
	"causeway/internal/activity"
)

// NewCredential is a credential with its secret, which is shown once.
type NewCredential struct {
	ID     string      `json:"clientId"`
	Secret string      `json:"clientSecret"`
	Tenant string      `json:"tenant"`
	Role   access.Role `json:"role"`
}

// credentialRequest asks for a credential.
type credentialRequest struct {
	Role access.Role `json:"role"`
	Note string      `json:"note,omitempty"`
}

// credentials are what the owner may do with the credentials of the management API.
func credentials(mux *http.ServeMux, g Gateway) {
	mux.HandleFunc("GET /api/credentials", func(w http.ResponseWriter, r *http.Request) {
		reply[[]access.Credential](w)(access.List(r.Context(), g.Access()))
	})
	mux.HandleFunc("POST /api/credentials", func(w http.ResponseWriter, r *http.Request) {
		var want credentialRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax)).Decode(&want); err != nil {
			answer(w, http.StatusBadRequest, Reply{Error: "read the request: " + err.Error()})
			return
		}
		made, err := CreateCredential(r.Context(), g.Access(), want.Role, want.Note)
		record(r.Context(), g, "write", made.ID, err)
		reply[NewCredential](w)(made, err)
	})
	mux.HandleFunc("DELETE /api/credentials/{id}", func(w http.ResponseWriter, r *http.Request) {
		err := access.Revoke(r.Context(), g.Access(), r.PathValue("id"))
		record(r.Context(), g, "delete", r.PathValue("id"), err)
		done(w, err)
	})
}

// portal is how the owner signs a browser in.
func portal(mux *http.ServeMux, g Gateway) {
	mux.HandleFunc("POST /portal/link", func(w http.ResponseWriter, r *http.Request) {
		who, known := userOf(r)
		if !known {
			who = callerSocket
		}
		reply[string](w)(g.InvitePortal(who))
	})
}

// PortalLink is a link that signs a browser in to the portal, once, within access.InvitationLife. Errors are those of History.
func (c *Client) PortalLink() (link string, err error) {
	req, err := http.NewRequest(http.MethodPost, "http://gateway/portal/link", nil)
	if err != nil {
		return "", err
	}
	return link, c.asked(req, &link)
}

// record writes a change of the credentials into the activity log.
func record(ctx context.Context, g Gateway, verb, id string, failure error) {
	e := activity.Event{
		Kind: activity.Beside, Resource: "/credentials/" + id, Action: "Causeway/credentials/" + verb,
		Caller: activity.CallerOf(ctx, callerSocket).Name, Failed: failure != nil,
	}
	if failure != nil {
		e.Why = failure.Error()
	}
	g.Note(e)
}

// CreateCredential makes a credential in a store.
func CreateCredential(ctx context.Context, s access.Store, role access.Role, note string) (NewCredential, error) {
	c, secret, err := access.Create(ctx, s, role, note)
	return NewCredential{ID: c.ID, Secret: secret, Tenant: access.Tenant, Role: c.Role}, err
}

// Credentials lists the credentials of the management API. Errors are those of History.
func (c *Client) Credentials() (v []access.Credential, err error) {
	return v, c.ask("/api/credentials", &v)
}

// CreateCredential makes a credential. Errors are those of History.
func (c *Client) CreateCredential(role access.Role, note string) (v NewCredential, err error) {
	body, err := json.Marshal(credentialRequest{role, note})
	if err != nil {
		return v, err
	}
	req, err := http.NewRequest(http.MethodPost, "http://gateway/api/credentials", bytes.NewReader(body))
	if err != nil {
		return v, err
	}
	return v, c.asked(req, &v)
}

// RevokeCredential removes a credential. Errors are those of Apply.
func (c *Client) RevokeCredential(id string) error {
	req, err := http.NewRequest(http.MethodDelete, "http://gateway/api/credentials/"+id, nil)
	if err != nil {
		return fmt.Errorf("revoke the credential: %w", err)
	}
	_, err = c.change(req)
	return err
}
