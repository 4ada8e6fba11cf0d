package sms

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The vector of help.aliyun.com's page on V3 signatures (trust 4.3).
func TestAliyunsDocumentedSignatureIsReproduced(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "https://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-acs-action", "RunInstances")
	r.Header.Set("x-acs-version", "2014-05-26")
	at := time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC)
	signing{keys: Keys{ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"}, at: at, nonce: "3156853299f313e23d1673dc12e1703d"}.aliyun(r, nil)
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// The vector of cloud.tencent.com's page on signature v3, whose keys are starred out
// as they stand here.
func TestTencentsDocumentedSignatureIsReproduced(t *testing.T) {
	t.Parallel()
	const body = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	r, err := http.NewRequest(http.MethodPost, "https://cvm.tencentcloudapi.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	keys := Keys{ID: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******", Secret: "Gu5t9xGARNpq86cd98joQYCN3*******"}
	signing{keys: keys, at: time.Unix(1551113065, 0), service: "cvm"}.tencent(r, []byte(body))
	const want = "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, " +
		"Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
