package arm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"

	"causeway/internal/access"
)

const subscriptionID = "11111111-2222-3333-4444-555555555555"

// sdk is Azure's SDK for Go, signed in at an API that answers on a real address.
type sdk struct {
	*world
	base    string
	options *azarm.ClientOptions
	cred    azcore.TokenCredential
}

func newSDK(t *testing.T) *sdk {
	t.Helper()
	w := newWorld(t)
	authority, err := LoadAuthority(t.Context(), &shelf{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := Hosts(ln.Addr())
	if err != nil {
		t.Fatal(err)
	}
	control := access.NewControl(w.shelf)
	w.server = New(w.gateway, w.shelf, w.history, control, hosts, authority)
	endpoint := Serve(ln, w.server, authority, hosts)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		endpoint.Close(ctx)
	})
	c, secret, err := access.Create(t.Context(), w.shelf, access.Owner, "")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Cert())
	s := &sdk{world: w, base: "https://" + hosts[0]}
	common := azcore.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: s.base + "/",
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: s.base, Audience: s.base + "/arm"},
			},
		},
		Transport: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}},
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
	s.options = &azarm.ClientOptions{ClientOptions: common}
	s.cred, err = azidentity.NewClientSecretCredential(access.Tenant, c.ID, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: common})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sdk) gateways() *armnetwork.ApplicationGatewaysClient {
	s.t.Helper()
	c, err := armnetwork.NewApplicationGatewaysClient(subscriptionID, s.cred, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// end waits for a long-running operation.
func end[T any](t testing.TB, p *runtime.Poller[T], err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pages are the items of all pages.
func pages[P, T any](t testing.TB, pager *runtime.Pager[P], items func(P) []T) (all []T) {
	t.Helper()
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, items(page)...)
	}
	return all
}

func child(collection, name string) *armnetwork.SubResource {
	return &armnetwork.SubResource{ID: to.Ptr("/subscriptions/" + subscriptionID +
		"/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw1/" + collection + "/" + name)}
}

func simple(port int32) armnetwork.ApplicationGateway {
	return armnetwork.ApplicationGateway{
		Location: to.Ptr("westeurope"),
		Properties: &armnetwork.ApplicationGatewayPropertiesFormat{
			SKU: &armnetwork.ApplicationGatewaySKU{
				Name:     to.Ptr(armnetwork.ApplicationGatewaySKUNameStandardV2),
				Tier:     to.Ptr(armnetwork.ApplicationGatewayTierStandardV2),
				Capacity: to.Ptr[int32](2),
			},
			FrontendIPConfigurations: []*armnetwork.ApplicationGatewayFrontendIPConfiguration{{
				Name:       to.Ptr("pub"),
				Properties: &armnetwork.ApplicationGatewayFrontendIPConfigurationPropertiesFormat{PublicIPAddress: &armnetwork.SubResource{ID: to.Ptr("/x/ip")}},
			}},
			FrontendPorts: []*armnetwork.ApplicationGatewayFrontendPort{{
				Name: to.Ptr("p"), Properties: &armnetwork.ApplicationGatewayFrontendPortPropertiesFormat{Port: to.Ptr(port)},
			}},
			BackendAddressPools: []*armnetwork.ApplicationGatewayBackendAddressPool{{
				Name: to.Ptr("web"),
				Properties: &armnetwork.ApplicationGatewayBackendAddressPoolPropertiesFormat{
					BackendAddresses: []*armnetwork.ApplicationGatewayBackendAddress{{IPAddress: to.Ptr("127.0.0.1")}},
				},
			}},
			BackendHTTPSettingsCollection: []*armnetwork.ApplicationGatewayBackendHTTPSettings{{
				Name: to.Ptr("http"),
				Properties: &armnetwork.ApplicationGatewayBackendHTTPSettingsPropertiesFormat{
					Port: to.Ptr[int32](9000), Protocol: to.Ptr(armnetwork.ApplicationGatewayProtocolHTTP), RequestTimeout: to.Ptr[int32](5),
				},
			}},
			HTTPListeners: []*armnetwork.ApplicationGatewayHTTPListener{{
				Name: to.Ptr("l"),
				Properties: &armnetwork.ApplicationGatewayHTTPListenerPropertiesFormat{
					FrontendIPConfiguration: child("frontendIPConfigurations", "pub"), FrontendPort: child("frontendPorts", "p"),
					Protocol: to.Ptr(armnetwork.ApplicationGatewayProtocolHTTP),
				},
			}},
			RequestRoutingRules: []*armnetwork.ApplicationGatewayRequestRoutingRule{{
				Name: to.Ptr("r"),
				Properties: &armnetwork.ApplicationGatewayRequestRoutingRulePropertiesFormat{
					RuleType: to.Ptr(armnetwork.ApplicationGatewayRequestRoutingRuleTypeBasic), Priority: to.Ptr[int32](10),
					HTTPListener: child("httpListeners", "l"), BackendAddressPool: child("backendAddressPools", "web"),
					BackendHTTPSettings: child("backendHttpSettingsCollection", "http"),
				},
			}},
		},
	}
}

// Azure's SDK for Go does everything that it can do with a gateway.
func TestTheSDKForGo(t *testing.T) {
	s := newSDK(t)
	c := s.gateways()
	var azure *azcore.ResponseError
	if _, err := c.Get(t.Context(), "rg", "gw1", nil); !errors.As(err, &azure) || azure.StatusCode != 404 || azure.ErrorCode != "ResourceNotFound" {
		t.Fatalf("before: %v", err)
	}
	created, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", simple(8080), nil)
	gateway := end(t, created, err).ApplicationGateway
	if *gateway.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded || *gateway.Etag == "" ||
		*gateway.Properties.HTTPListeners[0].Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded {
		t.Errorf("%+v", gateway.Properties)
	}
	gateway.Properties.SKU.Capacity = to.Ptr[int32](5)
	changed, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", gateway, nil)
	if got := end(t, changed, err); *got.Properties.SKU.Capacity != 5 {
		t.Errorf("capacity %d", *got.Properties.SKU.Capacity)
	}
	bad := simple(8080)
	bad.Properties.RequestRoutingRules[0].Properties.BackendAddressPool = child("backendAddressPools", "gone")
	if _, err := c.BeginCreateOrUpdate(t.Context(), "rg", "gw1", bad, nil); !errors.As(err, &azure) || azure.StatusCode != 400 {
		t.Errorf("a document with a dangling reference: %v", err)
	}
	if got, err := c.UpdateTags(t.Context(), "rg", "gw1", armnetwork.TagsObject{Tags: map[string]*string{"team": to.Ptr("edge")}}, nil); err != nil ||
		*got.Tags["team"] != "edge" {
		t.Errorf("tags: %v", err)
	}
	stopped, err := c.BeginStop(t.Context(), "rg", "gw1", nil)
	end(t, stopped, err)
	if got, err := c.Get(t.Context(), "rg", "gw1", nil); err != nil ||
		*got.Properties.OperationalState != armnetwork.ApplicationGatewayOperationalStateStopped {
		t.Errorf("after stop: %v", err)
	}
	started, err := c.BeginStart(t.Context(), "rg", "gw1", nil)
	end(t, started, err)
	health, err := c.BeginBackendHealth(t.Context(), "rg", "gw1", nil)
	if got := end(t, health, err); len(got.BackendAddressPools) != 1 ||
		*got.BackendAddressPools[0].BackendHTTPSettingsCollection[0].Servers[0].Health != armnetwork.ApplicationGatewayBackendHealthServerHealthUp {
		t.Errorf("health: %+v", got)
	}
	onDemand, err := c.BeginBackendHealthOnDemand(t.Context(), "rg", "gw1", armnetwork.ApplicationGatewayOnDemandProbe{
		BackendAddressPool: child("backendAddressPools", "web"), BackendHTTPSettings: child("backendHttpSettingsCollection", "http"),
		Path: to.Ptr("/"), Protocol: to.Ptr(armnetwork.ApplicationGatewayProtocolHTTP),
	}, nil)
	if got := end(t, onDemand, err); *got.BackendHealthHTTPSettings.Servers[0].Health != armnetwork.ApplicationGatewayBackendHealthServerHealthUp {
		t.Errorf("health on demand: %+v", got)
	}
	all := pages(t, c.NewListAllPager(nil), func(p armnetwork.ApplicationGatewaysClientListAllResponse) []*armnetwork.ApplicationGateway {
		return p.Value
	})
	some := pages(t, c.NewListPager("rg", nil), func(p armnetwork.ApplicationGatewaysClientListResponse) []*armnetwork.ApplicationGateway {
		return p.Value
	})
	if len(all) != 1 || len(some) != 1 {
		t.Errorf("%d gateways, %d in the group", len(all), len(some))
	}
	s.choices(c)
	deleted, err := c.BeginDelete(t.Context(), "rg", "gw1", nil)
	end(t, deleted, err)
	if _, err := c.Get(t.Context(), "rg", "gw1", nil); !errors.As(err, &azure) || azure.StatusCode != 404 {
		t.Errorf("after delete: %v", err)
	}
}

// choices asks for what a gateway may have.
func (s *sdk) choices(c *armnetwork.ApplicationGatewaysClient) {
	t := s.t
	t.Helper()
	variables, err := c.ListAvailableServerVariables(t.Context(), nil)
	if err != nil || len(variables.StringArray) < 20 {
		t.Errorf("server variables: %v", err)
	}
	if got, err := c.ListAvailableRequestHeaders(t.Context(), nil); err != nil || len(got.StringArray) == 0 {
		t.Errorf("request headers: %v", err)
	}
	if got, err := c.ListAvailableResponseHeaders(t.Context(), nil); err != nil || len(got.StringArray) == 0 {
		t.Errorf("response headers: %v", err)
	}
	if _, err := c.ListAvailableWafRuleSets(t.Context(), nil); err != nil {
		t.Errorf("rule sets: %v", err)
	}
	if got, err := c.ListAvailableSSLOptions(t.Context(), nil); err != nil || *got.Properties.DefaultPolicy != "AppGwSslPolicy20220101" {
		t.Errorf("TLS options: %v", err)
	}
	policies := pages(t, c.NewListAvailableSSLPredefinedPoliciesPager(nil),
		func(p armnetwork.ApplicationGatewaysClientListAvailableSSLPredefinedPoliciesResponse) []*armnetwork.ApplicationGatewaySSLPredefinedPolicy {
			return p.Value
		})
	if len(policies) != 5 {
		t.Errorf("%d policies", len(policies))
	}
	if got, err := c.GetSSLPredefinedPolicy(t.Context(), "AppGwSslPolicy20220101S", nil); err != nil || len(got.Properties.CipherSuites) != 4 {
		t.Errorf("a policy: %v", err)
	}
}
