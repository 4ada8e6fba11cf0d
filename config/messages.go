package config

import (
	"net/mail"
	"net/url"
	"os"
	"strconv"
	"time"
)

// Messages is who carries SMS and mail (C2), and how much of it. Config.SMSProvider says who carries the SMS.
type Messages struct {
	AccessKey  Secret        `kong:"-" var:"BEIAN_SMS_ACCESS_KEY" example:"(AccessKey id or SecretId of the provider)" help:"Key id at the SMS provider."`
	SecretKey  Secret        `kong:"-" var:"BEIAN_SMS_SECRET_KEY" example:"(AccessKey secret or SecretKey of the provider)" help:"Secret key at the SMS provider."`
	Templates  string        `name:"sms-templates" var:"BEIAN_SMS_TEMPLATES" example:"/etc/beian/sms.json" help:"File that says which approved template of the provider stands for each SMS; beian sms templates writes one to fill in."`
	AppID      string        `name:"sms-app-id" var:"BEIAN_SMS_APP_ID" example:"1400006666" help:"SmsSdkAppId, for Tencent Cloud."`
	Region     string        `name:"sms-region" var:"BEIAN_SMS_REGION" default:"ap-guangzhou" help:"Region of the calls, for Tencent Cloud."`
	Endpoint   string        `name:"sms-endpoint" var:"BEIAN_SMS_ENDPOINT" example:"https://dysmsapi.aliyuncs.com" help:"Where the provider is called; empty is its usual address."`
	Timeout    time.Duration `name:"sms-timeout" var:"BEIAN_SMS_TIMEOUT" default:"5s" min:"1s" max:"60s" help:"How long one call of the SMS provider may take; afterwards its outcome is unknown and asked for."`
	HookSecret Secret        `kong:"-" var:"BEIAN_SMS_HOOK_SECRET" example:"(32 or more random characters)" help:"Last part of the address that the SMS provider pushes receipts to; empty asks for them only."`

	CodesPerHour   int `name:"sms-codes-per-hour" var:"BEIAN_SMS_CODES_PER_HOUR" default:"5000" min:"1" max:"100000" help:"Codes the SMS provider is given in an hour, over all phones."`
	CodesPerDay    int `name:"sms-codes-per-day" var:"BEIAN_SMS_CODES_PER_DAY" default:"20000" min:"1" max:"1000000" help:"The same in a day."`
	NoticesPerHour int `name:"sms-notices-per-hour" var:"BEIAN_SMS_NOTICES_PER_HOUR" default:"10000" min:"1" max:"100000" help:"Other SMS it is given in an hour, over all phones."`
	NoticesPerDay  int `name:"sms-notices-per-day" var:"BEIAN_SMS_NOTICES_PER_DAY" default:"50000" min:"1" max:"1000000" help:"The same in a day."`

	Mail         string `name:"mail" var:"BEIAN_MAIL" default:"inbox" choices:"inbox,smtp" help:"Who carries the mail."`
	MailServer   string `name:"mail-server" var:"BEIAN_MAIL_SERVER" example:"smtp.example.cn:587" help:"Mail server as host:port."`
	MailTLS      string `name:"mail-tls" var:"BEIAN_MAIL_TLS" default:"starttls" choices:"starttls,tls,none" help:"How the way to the mail server is encrypted; none is for a relay beside us."`
	MailUser     string `name:"mail-user" var:"BEIAN_MAIL_USER" example:"beian@example.cn" help:"Who signs in at the mail server; empty is nobody."`
	MailPassword Secret `kong:"-" var:"BEIAN_MAIL_PASSWORD" example:"(password at the mail server)" help:"Password of BEIAN_MAIL_USER."`
	MailFrom     string `name:"mail-from" var:"BEIAN_MAIL_FROM" example:"备案服务台 <noreply@example.cn>" help:"Sender of our mail."`
}

// CarriesSMS reports whether a provider outside carries the SMS, and not the inbox.
func (c Config) CarriesSMS() bool { return c.SMSProvider == "aliyun" || c.SMSProvider == "tencent" }

func smsKeys(c Config) Fault {
	fault := Fault{Variable: "BEIAN_SMS_SECRET_KEY", Example: "(secret key of the provider)"}
	if c.CarriesSMS() && (c.Messages.AccessKey.IsZero() || c.Messages.SecretKey.IsZero()) {
		fault.Problem = "and BEIAN_SMS_ACCESS_KEY are needed with BEIAN_SMS_PROVIDER=" + c.SMSProvider
	}
	return fault
}

func smsTemplates(c Config) Fault {
	fault := Fault{Variable: "BEIAN_SMS_TEMPLATES", Example: "/etc/beian/sms.json"}
	if !c.CarriesSMS() {
		return fault
	}
	if c.Messages.Templates == "" {
		fault.Problem = "is needed with BEIAN_SMS_PROVIDER=" + c.SMSProvider
	} else if info, err := os.Stat(c.Messages.Templates); err != nil {
		fault.Problem = "must exist: " + err.Error()
	} else if !info.Mode().IsRegular() {
		fault.Problem = "is not a file: " + c.Messages.Templates
	}
	return fault
}

func smsAppID(c Config) Fault {
	fault := Fault{Variable: "BEIAN_SMS_APP_ID", Example: "1400006666"}
	if c.SMSProvider == "tencent" && c.Messages.AppID == "" {
		fault.Problem = "is needed with BEIAN_SMS_PROVIDER=tencent"
	}
	return fault
}

func smsEndpoint(c Config) Fault {
	fault := Fault{Variable: "BEIAN_SMS_ENDPOINT", Example: "https://dysmsapi.aliyuncs.com"}
	if c.Messages.Endpoint == "" {
		return fault
	}
	parsed, err := url.Parse(c.Messages.Endpoint)
	switch {
	case err != nil || !isWebAddress(parsed) || parsed.RawQuery != "":
		fault.Problem = "is not a web address"
	case parsed.Scheme != "https" && !isLoopback(parsed.Hostname()):
		fault.Problem = "must be https: phones and codes travel there"
	}
	return fault
}

func smsHook(c Config) Fault {
	fault := Fault{Variable: "BEIAN_SMS_HOOK_SECRET", Example: "(32 or more random characters)"}
	secret := c.Messages.HookSecret.Reveal()
	switch {
	case secret == "":
	case len(secret) < shortestKey:
		fault.Problem = "is shorter than " + strconv.Itoa(shortestKey) + " characters"
	case url.PathEscape(secret) != secret:
		fault.Problem = "has characters that an address does not take"
	}
	return fault
}

func mailServer(c Config) Fault {
	fault := Fault{Variable: "BEIAN_MAIL_SERVER", Example: "smtp.example.cn:587"}
	switch {
	case c.Messages.Mail != "smtp":
	case c.Messages.MailServer == "":
		fault.Problem = "is needed with BEIAN_MAIL=smtp"
	default:
		fault.Problem = addrProblem(c.Messages.MailServer)
	}
	return fault
}

func mailFrom(c Config) Fault {
	fault := Fault{Variable: "BEIAN_MAIL_FROM", Example: "备案服务台 <noreply@example.cn>"}
	if c.Messages.Mail != "smtp" {
		return fault
	}
	if _, err := mail.ParseAddress(c.Messages.MailFrom); err != nil {
		fault.Problem = "is not a sender such as the example"
	}
	return fault
}

// mailSignIn: a password never travels in clear.
func mailSignIn(c Config) Fault {
	fault := Fault{Variable: "BEIAN_MAIL_PASSWORD", Example: "(password at the mail server)"}
	switch {
	case c.Messages.MailUser == "":
	case c.Messages.MailPassword.IsZero():
		fault.Problem = "is needed with BEIAN_MAIL_USER"
	case c.Messages.MailTLS == "none":
		fault.Problem = "would travel in clear with BEIAN_MAIL_TLS=none"
	}
	return fault
}
