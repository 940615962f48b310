package gateway

import "testing"

func TestSizeOfASKU(t *testing.T) {
	for name, want := range map[string]string{
		"Standard_Small":  "small: 0.5 CPU and 512 MiB",
		"WAF_Small":       "small: 0.5 CPU and 512 MiB",
		"standard_medium": "medium: 1 CPU and 1 GiB",
		"WAF_Large":       "large: 2 CPUs and 2 GiB",
		"Standard_v2":     "v2: 1 CPU and 1 GiB",
		"WAF_v2":          "v2: 1 CPU and 1 GiB",
		"Basic":           "v2: 1 CPU and 1 GiB",
		"":                "v2: 1 CPU and 1 GiB",
	} {
		t.Run(name, func(t *testing.T) {
			size, budget := DefaultSizes().Of(SKU{Name: name})
			if got := size + ": " + budget.String(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
