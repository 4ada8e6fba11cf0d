package config_test

import (
	"path/filepath"
	"testing"

	"beian/config"
)

func TestRulesOfMessages(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sms.json")
	write(t, file, "{}")
	sms := func(more ...string) []string {
		return append([]string{"BEIAN_ENV=development", "BEIAN_SMS_PROVIDER=aliyun", "BEIAN_SMS_ACCESS_KEY=a", "BEIAN_SMS_SECRET_KEY=b", "BEIAN_SMS_TEMPLATES=" + file}, more...)
	}
	mail := func(more ...string) []string {
		return append([]string{"BEIAN_ENV=development", "BEIAN_MAIL=smtp", "BEIAN_MAIL_SERVER=smtp.example.cn:587", "BEIAN_MAIL_FROM=备案 <a@example.cn>"}, more...)
	}
	for name, c := range map[string]struct {
		environ []string
		want    string // variable of the one fault, or none
	}{
		"Aliyun needs keys and templates":             {sms(), ""},
		"keys may lie in files":                       {sms("BEIAN_SMS_SECRET_KEY=", "BEIAN_SMS_SECRET_KEY_FILE="+file), ""},
		"Aliyun without keys":                         {sms("BEIAN_SMS_SECRET_KEY="), "BEIAN_SMS_SECRET_KEY"},
		"Aliyun without templates":                    {sms("BEIAN_SMS_TEMPLATES="), "BEIAN_SMS_TEMPLATES"},
		"templates that are not there":                {sms("BEIAN_SMS_TEMPLATES=" + file + ".no"), "BEIAN_SMS_TEMPLATES"},
		"a folder of templates":                       {sms("BEIAN_SMS_TEMPLATES=" + filepath.Dir(file)), "BEIAN_SMS_TEMPLATES"},
		"Tencent Cloud needs an app id":               {sms("BEIAN_SMS_PROVIDER=tencent"), "BEIAN_SMS_APP_ID"},
		"phones never travel in clear":                {sms("BEIAN_SMS_ENDPOINT=http://sms.example.cn"), "BEIAN_SMS_ENDPOINT"},
		"a fake on this machine is fine":              {sms("BEIAN_SMS_ENDPOINT=http://127.0.0.1:9"), ""},
		"a short secret of the hook":                  {sms("BEIAN_SMS_HOOK_SECRET=short"), "BEIAN_SMS_HOOK_SECRET"},
		"a secret that no address takes":              {sms("BEIAN_SMS_HOOK_SECRET=0123456789/0123456789?0123456789"), "BEIAN_SMS_HOOK_SECRET"},
		"more a day than anybody sends":               {sms("BEIAN_SMS_NOTICES_PER_DAY=1000001"), "BEIAN_SMS_NOTICES_PER_DAY"},
		"mail needs a server and a sender":            {mail(), ""},
		"mail without a server":                       {mail("BEIAN_MAIL_SERVER="), "BEIAN_MAIL_SERVER"},
		"mail with a server without a port":           {mail("BEIAN_MAIL_SERVER=smtp.example.cn"), "BEIAN_MAIL_SERVER"},
		"mail without a sender":                       {mail("BEIAN_MAIL_FROM=nobody"), "BEIAN_MAIL_FROM"},
		"a mail user needs a password":                {mail("BEIAN_MAIL_USER=u"), "BEIAN_MAIL_PASSWORD"},
		"a mail password never travels in clear":      {mail("BEIAN_MAIL_USER=u", "BEIAN_MAIL_PASSWORD=p", "BEIAN_MAIL_TLS=none"), "BEIAN_MAIL_PASSWORD"},
		"a relay beside us needs neither":             {mail("BEIAN_MAIL_TLS=none"), ""},
		"what nobody uses is not missed by the inbox": {[]string{"BEIAN_ENV=development", "BEIAN_SMS_ACCESS_KEY=a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.FromEnv(c.environ)
			if got := onlyVariable(t, err); got != c.want {
				t.Errorf("want a fault about %q, got %v", c.want, err)
			}
		})
	}
}
