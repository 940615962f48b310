package inference_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// What a fix tells to do is what was found, by its name, in the form that the gateway's generation takes.
func TestFixesOfTheGateway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sku, has, not string }{
		{`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":2}`, "--capacity 4", "--min-capacity"},
		{
			`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":2}`,
			"--min-capacity",
			"Set-AzApplicationGatewaySku",
		},
	} {
		t.Run(c.sku, func(t *testing.T) {
			t.Parallel()
			s := story.FullGateway(t, 10*time.Millisecond)
			s.Doc = strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, c.sku, 1)
			s.Files["metrics.json"] = strings.Replace(s.Files["metrics.json"], "CapacityUnits",
				map[bool]string{true: "CpuUtilization", false: "CapacityUnits"}[strings.Contains(c.sku, "Medium")], 1)
			s.Files["metrics.json"] = strings.ReplaceAll(s.Files["metrics.json"], `"average":20`, `"average":99`)
			fixes := fmt.Sprint(story.Found(t, s.Diagnose(), 0).Fixes)
			if !strings.Contains(fixes, c.has) || strings.Contains(fixes, c.not) {
				t.Errorf("%s: %s", c.sku, fixes)
			}
		})
	}
}
