package arm

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"causeway/internal/access"
)

func TestWithoutATokenNothingIsAnswered(t *testing.T) {
	w := newWorld(t)
	for i := range w.server.routes {
		r := &w.server.routes[i]
		if r.open {
			continue
		}
		path := "/"
		for _, s := range r.path {
			if name, is := variable(s); is {
				s = "x-" + name
			}
			path += s + "/"
		}
		for name, header := range map[string][]string{
			"none":      {"Authorization", ""},
			"basic":     {"Authorization", "Basic eDp5"},
			"forged":    {"Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."},
			"truncated": {"Authorization", "Bearer " + w.tokens[access.Owner][:40]},
		} {
			a := w.do(r.method, path, "{}", header...)
			if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" || a.code() != "AuthenticationFailed" {
				t.Errorf("%s %s, %s: %d %s", r.method, path, name, a.status, a.text)
			}
		}
	}
}

func TestOtherNamesOfTheHostAreRefused(t *testing.T) {
	w := newWorld(t)
	if a := w.do("GET", "/metadata/endpoints", "", "Host", "evil.example"); a.status != http.StatusMisdirectedRequest {
		t.Errorf("%d %s", a.status, a.text)
	}
	a := w.do("GET", "/metadata/endpoints", "", "Host", "localhost:8443")
	if a.at(t, "authentication", "loginEndpoint") != "https://localhost:8443/adfs" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// Clients leave the default port of https out of the name and out of the audience.
func TestPort443GoesWithoutSaying(t *testing.T) {
	w := newWorld(t)
	control := access.NewControl(w.shelf)
	w.server = New(w.gateway, w.shelf, w.history, control, []string{"gateway.example:443", "[::1]:443", "localhost:8443"}, nil)
	c, secret, err := access.Create(t.Context(), w.shelf, access.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"gateway.example": 200, "Gateway.example:443": 200, "[::1]": 200, "[::1]:443": 200, "localhost:8443": 200,
		"localhost": http.StatusMisdirectedRequest, "gateway.example:8443": http.StatusMisdirectedRequest,
	} {
		if a := w.do("GET", "/metadata/endpoints", "", "Host", name); a.status != want {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	for _, name := range []string{"gateway.example", "gateway.example:443", "[::1]"} {
		token, err := control.SignIn(t.Context(), netip.Addr{}, c.ID, secret,
			access.Audience{Issuer: "https://" + name + "/adfs", Resource: "https://" + name + "/arm", Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		if a := w.do("GET", "/subscriptions", "", "Host", name, "Authorization", "Bearer "+token); a.status != 200 {
			t.Errorf("with a token for %s: %d %s", name, a.status, a.text)
		}
	}
}

// The sign-in that a refusal names is under the name that the client uses.
func TestARefusalNamesTheHostOfTheClient(t *testing.T) {
	w := newWorld(t)
	a := w.do("GET", "/subscriptions", "", "Host", "localhost:8443", "Authorization", "")
	const want = `Bearer authorization_uri="https://localhost:8443/adfs", error="invalid_token"`
	if got := a.header.Get("WWW-Authenticate"); a.status != http.StatusUnauthorized || got != want {
		t.Errorf("%d %s", a.status, got)
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	c, secret, err := access.Create(t.Context(), w.shelf, access.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	good := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ID}, "client_secret": {secret},
		"scope": {"https://" + host + "/arm/.default openid offline_access profile"},
	}
	for _, path := range []string{"/adfs/oauth2/token", "/adfs/oauth2/v2.0/token", "/0000-1111/oauth2/v2.0/token", "/adfs/x/oauth2/v2.0/token"} {
		a := w.signIn(path, good)
		token, _ := a.at(t, "access_token").(string)
		if a.status != 200 || a.at(t, "token_type") != "Bearer" || a.at(t, "expires_in") != 900.0 {
			t.Fatalf("%s: %d %s", path, a.status, a.text)
		}
		if a := w.do("GET", "/subscriptions", "", "Authorization", "Bearer "+token); a.status != 200 {
			t.Errorf("its token: %d %s", a.status, a.text)
		}
	}
	password := url.Values{"grant_type": {"password"}, "username": {c.ID}, "password": {secret}, "resource": {"https://" + host + "/arm"}}
	if a := w.signIn("/adfs/oauth2/token", password); a.status != 200 {
		t.Errorf("as a user: %d %s", a.status, a.text)
	}
	identity := w.do("GET", "/msi/token?api-version=2019-08-01&resource="+url.QueryEscape("https://"+host+"/arm"), "",
		"X-Identity-Header", c.ID+":"+secret, "Authorization", "")
	if identity.status != 200 || identity.at(t, "expires_on") == nil {
		t.Errorf("as a managed identity: %d %s", identity.status, identity.text)
	}
	graph := url.Values{}
	for k, v := range good {
		graph[k] = v
	}
	graph.Set("scope", "https://"+host+"/graph/.default")
	token, _ := w.signIn("/adfs/oauth2/token", graph).at(t, "access_token").(string)
	if a := w.do("GET", "/subscriptions", "", "Authorization", "Bearer "+token); a.status != http.StatusUnauthorized {
		t.Errorf("a token for something else: %d %s", a.status, a.text)
	}
	scope := good.Get("scope")
	good.Del("scope")
	if a := w.signIn("/adfs/oauth2/token", good); a.status != http.StatusBadRequest || a.at(t, "error") != "invalid_scope" {
		t.Errorf("for nothing: %d %s", a.status, a.text)
	}
	good.Set("client_secret", "guess")
	for i := range 10 {
		if i == 5 { // the first ones name no scope
			good.Set("scope", scope)
		}
		if a := w.signIn("/adfs/oauth2/token", good); a.status != http.StatusUnauthorized || a.at(t, "error") != "invalid_client" {
			t.Fatalf("a wrong secret: %d %s", a.status, a.text)
		}
	}
	if a := w.signIn("/adfs/oauth2/token", good); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("an eleventh one: %d %s", a.status, a.text)
	}
}

func TestVersionsAndPaths(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/subscriptions?api-version=2016-06-01":                        {200, ""},
		"/subscriptions?api-version=2031-01-01-preview":                {200, ""},
		"/subscriptions?api-version=latest":                            {400, "InvalidApiVersionParameter"},
		"/subscriptions?api-version=":                                  {400, "MissingApiVersionParameter"},
		"/subscriptions/s/nothing?api-version=2016-06-01":              {404, "InvalidResourceType"},
		"/a/%2e%2e/subscriptions?api-version=2016-06-01":               {400, "InvalidRequestUri"},
		"/subscriptions/s/resourceGroups/a%2Fb?api-version=2016-06-01": {400, "InvalidRequestUri"},
		"/subscriptions/s/resourceGroups/a%0Ab?api-version=2016-06-01": {400, "InvalidRequestUri"},
		"/SUBSCRIPTIONS//?api-version=2016-06-01":                      {200, ""},
	} {
		if a := w.do("GET", path, ""); a.status != want.status || a.code() != want.code {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	if a := w.do("DELETE", "/subscriptions", ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d %s", a.status, a.text)
	}
}

func TestGroupsAndNeighbours(t *testing.T) {
	w := newWorld(t)
	const group = "/subscriptions/s/resourceGroups/rg"
	const network = group + "/providers/Microsoft.Network"
	if a := w.do("GET", group, ""); a.code() != "ResourceGroupNotFound" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", group, `{"location":"westeurope"}`); a.status != 201 || a.at(t, "properties", "provisioningState") != "Succeeded" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for path, want := range map[string]int{group: 204, group + "x": 404} {
		if a := w.do("HEAD", path, ""); a.status != want || a.text != "" && want == 204 {
			t.Errorf("HEAD %s: %d %s", path, a.status, a.text)
		}
	}
	vnet := `{"location":"westeurope","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},
		"Subnets":[{"name":"one","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`
	if a := w.do("PUT", network+"/virtualNetworks/Net", vnet); a.status != 201 ||
		a.at(t, "properties", "subnets", "0", "id") != network+"/virtualNetworks/Net/subnets/one" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", network+"/virtualNetworks/net/subnets/two", `{"properties":{}}`); a.status != 201 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", network+"/virtualnetworks/NET", ""); len(a.at(t, "properties", "subnets").([]any)) != 2 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", network+"/virtualNetworks/net/subnets", ""); a.status != 200 || len(a.at(t, "value").([]any)) != 2 {
		t.Errorf("the subnets: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", network+"/virtualNetworks/none/subnets/two", `{}`); a.status != 404 {
		t.Errorf("a subnet of nothing: %d %s", a.status, a.text)
	}
	resources := func(filter string) int {
		t.Helper()
		a := w.do("GET", "/subscriptions/s/resources?$filter="+url.QueryEscape(filter), "")
		found, _ := a.at(t, "value").([]any)
		if a.status != 200 {
			t.Errorf("%s: %d %s", filter, a.status, a.text)
		}
		return len(found)
	}
	w.created()
	for filter, want := range map[string]int{
		"": 2,
		"resourceGroup eq 'RG' and name eq 'net' and resourceType eq 'Microsoft.Network/virtualNetworks'": 1,
		"name eq 'net' and resourceType eq 'Microsoft.Network/publicIPAddresses'":                         0,
		"resourceType eq 'microsoft.network/applicationgateways'":                                         1,
	} {
		if got := resources(filter); got != want {
			t.Errorf("%q: %d resources, want %d", filter, got, want)
		}
	}
	if a := w.do("GET", "/subscriptions/s/resources?$filter="+url.QueryEscape("tagName eq 'x'"), ""); a.status != 400 {
		t.Errorf("a filter that is not understood: %d %s", a.status, a.text)
	}
	if a := w.do("DELETE", group, ""); a.status != 200 || resources("") != 0 || len(w.gateway.Config().Document) != 0 {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, r := range w.shelf.items {
		if r.Kind != "credentials" {
			t.Errorf("an item is left: %+v", r)
		}
	}
}

func TestChoices(t *testing.T) {
	w := newWorld(t)
	const base = "/subscriptions/s/providers/Microsoft.Network/"
	if a := w.do("GET", base+"applicationGatewayAvailableServerVariables", ""); !strings.HasPrefix(a.text, `["add_x_forwarded`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	a := w.do("GET", base+"applicationGatewayAvailableSslOptions/default/predefinedPolicies/appgwsslpolicy20220101s", "")
	if a.at(t, "properties", "minProtocolVersion") != "TLSv1_2" || a.at(t, "name") != "AppGwSslPolicy20220101S" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", "/subscriptions/s/providers/microsoft.network", ""); a.at(t, "registrationState") != "Registered" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
