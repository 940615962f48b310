package collect

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Of a gateway that the API does not have the error names those that it has.
func TestAWrongNameGetsTheRightOnes(t *testing.T) {
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			io.WriteString(w, `{"access_token":"t"}`)
		case strings.HasSuffix(r.URL.Path, "/applicationGateways"):
			io.WriteString(w, `{"value":[{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw7"}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"error":{"code":"ResourceNotFound","message":"there is no gw1"}}`)
		}
	})
	_, err := Gather(t.Context(), o, io.Discard)
	var absent *AbsentError
	if !errors.As(err, &absent) || !slices.Equal(absent.Others, []string{"-g rg -n gw7"}) || !strings.Contains(err.Error(), "there is no gw1") {
		t.Errorf("%v, %+v", err, absent)
	}
}
