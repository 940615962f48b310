package arm

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"causeway/internal/access"
)

// oauthError is a refusal in the form of RFC 6749, section 5.2.
type oauthError struct {
	status int
	Code   string `json:"error"`
	Why    string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Why }

func (e *oauthError) write(w http.ResponseWriter) {
	if e.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	response{status: e.status, body: e}.write(w)
}

// signInMax is how many bytes the form of a sign-in may have.
const signInMax = 64 << 10

// signIn exchanges a client's id and secret for a token: the client credentials grant of RFC 6749, section 4.4, and the
// password grant, with which az signs in as a user.
func signIn(q *request) (response, error) {
	form, err := q.form()
	if err != nil {
		return response{}, err
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	switch form.Get("grant_type") {
	case "client_credentials":
	case "password":
		id, secret = form.Get("username"), form.Get("password")
	default:
		return response{}, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "the grants are client_credentials and password"}
	}
	return q.token(id, secret, resourceOf(form))
}

// identityToken is the token endpoint of a managed identity, in both forms that exist. The secret that such a client sends
// is ID:SECRET of a credential.
func identityToken(q *request) (response, error) {
	form, err := q.form()
	if err != nil {
		return response{}, err
	}
	secret := q.Header.Get("X-Identity-Header")
	if secret == "" {
		secret = q.Header.Get("Secret")
	}
	id, secret, _ := strings.Cut(secret, ":")
	return q.token(id, secret, resourceOf(form))
}

// form are the values of a query and of a form.
func (q *request) form() (url.Values, error) {
	q.Body = http.MaxBytesReader(nil, q.Body, signInMax)
	if err := q.ParseForm(); err != nil {
		return nil, &oauthError{http.StatusBadRequest, "invalid_request", "the form cannot be read"}
	}
	return q.Form, nil
}

// resourceOf is what the client wants to use.
func resourceOf(form url.Values) string {
	if r := form.Get("resource"); r != "" {
		return r
	}
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		if r, ok := strings.CutSuffix(scope, "/.default"); ok {
			return r
		}
	}
	return ""
}

// token answers with a token, or refuses. The secret is judged first: who has none learns nothing about scopes.
func (q *request) token(id, secret, resource string) (response, error) {
	issuer := q.base() + "/" + tenant
	token, err := q.server.control.SignIn(q.Context(), q.from(), id, secret,
		access.Audience{Issuer: issuer, Resource: resource, Tenant: tenant})
	switch {
	case errors.Is(err, access.ErrTooMany):
		return response{}, &oauthError{http.StatusTooManyRequests, "temporarily_unavailable", err.Error()}
	case errors.Is(err, access.ErrRefused):
		return response{}, &oauthError{http.StatusUnauthorized, "invalid_client", err.Error()}
	case err != nil:
		return response{}, err
	case resource == "": // a token for nothing stays here
		return response{}, &oauthError{http.StatusBadRequest, "invalid_scope", "the scope is " + q.base() + audiencePath + "/.default"}
	}
	return ok(grant{
		Token:     token,
		Type:      "Bearer",
		Seconds:   json.Number(strconv.Itoa(int(access.TokenLife / time.Second))),
		ExpiresOn: strconv.FormatInt(q.server.now().Add(access.TokenLife).Unix(), 10),
		Resource:  resource,
	})
}

// grant is a token as RFC 6749, section 5.1, and the endpoint of a managed identity answer it.
type grant struct {
	Token     string      `json:"access_token"`
	Type      string      `json:"token_type"`
	Seconds   json.Number `json:"expires_in"`
	ExpiresOn string      `json:"expires_on"` // Unix time
	Resource  string      `json:"resource"`
}
