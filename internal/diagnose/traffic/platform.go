package traffic

import (
	"slices"
	"strings"

	"causeway/internal/gateway"
)

// platform is a hosted service whose names lead to a front end of the platform's own: a proxy that takes every connection, and
// answers for the application behind it when that restarts, sleeps or is gone.
type platform struct{ domain, name string }

var platforms = []platform{
	{"azurewebsites.net", "App Service"},
	{"appserviceenvironment.net", "App Service Environment"},
	{"azurecontainerapps.io", "Container Apps"},
	{"azure-api.net", "API Management"},
	{"azurestaticapps.net", "Static Web Apps"},
	{"azurefd.net", "Front Door"},
	{"azureedge.net", "Azure CDN"},
	{"azurespringapps.io", "Azure Spring Apps"},
	{"azuremicroservices.io", "Azure Spring Apps"},
	{"azurehdinsight.net", "HDInsight"},
	{"herokuapp.com", "Heroku"},
	{"run.app", "Cloud Run"},
	{"appspot.com", "App Engine"},
	{"elb.amazonaws.com", "Elastic Load Balancing"},
	{"cloudfront.net", "CloudFront"},
}

// platformOfName is the platform whose front end a host name leads to; empty for any other name.
func platformOfName(host string) string {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	for _, p := range platforms {
		if strings.HasSuffix(strings.TrimSuffix(host, "."), "."+p.domain) {
			return p.name
		}
	}
	return ""
}

// PlatformOf is the platform whose front end served as the member of an event: by the member's name, by the Host that it was sent, or
// by the document, where all members of the pool are such names. It is empty where none is known to.
func (s *Summary) PlatformOf(e *Event) string {
	if name := platformOfName(e.Member); name != "" {
		return name
	}
	if e.front != "" || s.Config == nil {
		return e.front
	}
	p := s.Config.Pool(e.Pool)
	if p == nil || len(p.Members) == 0 ||
		slices.ContainsFunc(p.Members, func(a gateway.Address) bool { return platformOfName(a.FQDN) == "" }) {
		return ""
	}
	return platformOfName(p.Members[0].FQDN)
}
