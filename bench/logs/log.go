package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// writeLog writes an access log as a second-generation gateway in Azure does: three instances, eight members, four
// requests in a thousand fail, and every request has a URL of its own.
func writeLog(path string, megabytes int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for written, i := 0, 0; written < megabytes*1_000_000; i++ {
		n, err := fmt.Fprintf(w, row, at.Add(time.Duration(i)*5*time.Millisecond).Format("2006-01-02T15:04:05+00:00"), i%3, i%250,
			1024+i%60000, method(i), i, i, status(i), 400+i%100, 1000+i%9000,
			latency(r, i)+0.001, r.Uint64(), r.Uint64(), 4+r.IntN(8), serverStatus(i), latency(r, i), 1024+r.IntN(60000), errorInfo(i))
		if err != nil {
			return err
		}
		written += n
	}
	return w.Flush()
}

const row = `{"timeStamp":"%s","resourceId":"\/SUBSCRIPTIONS\/00000000-0000-0000-0000-000000000000\/RESOURCEGROUPS\/RG\/PROVIDERS\/MICROSOFT.NETWORK\/APPLICATIONGATEWAYS\/GW1","listenerName":"https","ruleName":"rule1","backendPoolName":"web","backendSettingName":"http","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_%d","clientIP":"203.0.113.%d","clientPort":%d,"httpMethod":"%s","originalRequestUriWithArgs":"\/api\/v1\/orders\/%d\/items?x=1","requestUri":"\/api\/v1\/orders\/%d\/items","requestQuery":"x=1","userAgent":"Mozilla\/5.0 (X11; Linux x86_64) AppleWebKit\/537.36 (KHTML, like Gecko) Chrome\/120.0 Safari\/537.36","httpStatus":%d,"httpVersion":"HTTP\/1.1","receivedBytes":%d,"sentBytes":%d,"clientResponseTime":0,"timeTaken":%.3f,"WAFEvaluationTime":"0.000","WAFMode":"","transactionId":"%016x%016x","sslEnabled":"on","sslCipher":"ECDHE-RSA-AES256-GCM-SHA384","sslProtocol":"TLSv1.2","sslClientVerify":"NONE","sslClientCertificateFingerprint":"","sslClientCertificateIssuerName":"","serverRouted":"10.0.0.%d:80","serverStatus":"%s","serverResponseLatency":"%.3f","upstreamSourcePort":"%d","originalHost":"www.example.net","host":"www.example.net","error_info":"%s","contentType":"application\/json"}}
`

func fails(i int) bool { return i%250 == 7 }

func method(i int) string {
	if i%5 == 0 {
		return "POST"
	}
	return "GET"
}

func status(i int) int {
	if fails(i) {
		return 502
	}
	return 200
}

func serverStatus(i int) string {
	if fails(i) {
		return ""
	}
	return "200"
}

func errorInfo(i int) string {
	if fails(i) {
		return "ERRORINFO_UPSTREAM_CLOSED_CONNECTION"
	}
	return "ERRORINFO_NO_ERROR"
}

func latency(r *rand.Rand, i int) float64 {
	if fails(i) {
		return 0.002
	}
	return 0.02 + r.ExpFloat64()*0.05
}

// countWithStandardLibrary does what jq and DuckDB do: requests by status and member.
func countWithStandardLibrary(path string, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	type key struct {
		status int
		server string
	}
	counts := map[key]int{}
	for d := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)); ; {
		var r struct {
			Properties struct {
				HTTPStatus   int    `json:"httpStatus"`
				ServerRouted string `json:"serverRouted"`
			} `json:"properties"`
		}
		if err := d.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		counts[key{r.Properties.HTTPStatus, r.Properties.ServerRouted}]++
	}
	for k, n := range counts {
		fmt.Fprintln(out, k.status, k.server, n)
	}
	return nil
}
