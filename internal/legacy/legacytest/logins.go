package legacytest

import "slices"

// Login is a login of the simulator and what it shows.
type Login struct{ Name, English, Chinese string }

// Logins lists every login in the order to try them in.
func Logins() []Login {
	var out []Login
	for _, a := range accounts() {
		out = append(out, Login{a.login, a.english, a.chinese})
	}
	return out
}

// accounts is what the simulator holds. Of those with one certificate, a grant gives
// the first.
func accounts() []*account {
	all := slices.Concat(ordinary(), conflicting(), troubled())
	for _, a := range all {
		a.number()
	}
	return all
}

func ordinary() []*account {
	hengda := organisation("杭州恒达纺织品有限公司", "913301065743218905", "沈国强", "浙ICP备11018842号", "13906508842")
	hengda.login, hengda.filedAt = "hengda-2011", "2011-08-22"
	hengda.english, hengda.chinese = "an organisation with 12 websites that no demo account fits: a review decides (I6)", "单位主体，12 个网站，与演示账号不符，由人工审核（I6）"
	hengda.sites("hengda", "恒达面料", "恒达家纺", "恒达外贸", "恒达招聘", "恒达染整", "恒达物流", "恒达设计", "恒达样布间", "恒达客户之家", "恒达采购平台", "恒达工会", "恒达商城")
	return []*account{
		wang("wang-2009", "fang", "芳的厨房", "芳的旅行", "小区团购").
			about("an individual with three websites; fits wang@example.com", "个人主体，三个网站，与 wang@example.com 相符"),
		hengda,
		wang("big", "album", albums()...).
			about("200 websites; fits wang@example.com", "200 个网站，与 wang@example.com 相符"),
	}
}

func conflicting() []*account {
	li := individual("李晓明", "110101199003077213", "京ICP备08104127号", "13900139101")
	li.login, li.filedAt = "li-2008", "2008-04-11"
	li.about("the subject that li@example.com holds; one of its domains is filed here already", "与 li@example.com 的主体相同，其中一个域名已在本平台备案")
	li.sites("xiaoming", "晓明的棋谱", "胡同旧影")
	li.websites[1].Domain = "hutong-photo.example.com"

	zhao := individual("赵磊", "310105198509233613", "沪ICP备10023391号", "13900139106")
	zhao.login, zhao.filedAt = "held-here", "2010-05-30"
	zhao.about("its subject is with full@example.com already (A2), its domain filed", "主体已在 full@example.com 名下（A2），域名已备案")
	zhao.sites("leizi", "磊子的工具箱")
	zhao.websites[0].Domain = "leizi.example.com"

	other := individual("顾晚", "310104198204110026", "沪ICP备12041177号", "13901734177")
	other.login, other.filedAt = "mismatch", "2012-03-09"
	other.about("the certificate of somebody else: a review decides (I6)", "证件属于他人，由人工审核（I6）")
	other.sites("guwan", "晚晚手账")

	late := wang("too-new", "xin", "芳的新站").about("filed in March 2018: not importable (I1)", "2018 年 3 月备案，不可导入（I1）")
	late.filedAt = "2018-03-05"
	return []*account{li, zhao, other, late}
}

func troubled() []*account {
	return []*account{
		wang("slow", "man", "慢慢走", "慢慢读").play(playsSlow).
			about("every answer takes 3 s", "每次应答需 3 秒"),
		wang("down", "xie", "歇一歇").play(playsDown).
			about("away (503) for 20 s from the first try, then there for some minutes", "首次尝试起 20 秒内不可用（503），之后恢复数分钟"),
		wang("hangs", "deng", "等一等").play(playsHangs).
			about("signs in, then never answers", "可登录，之后不再应答"),
		wang("flaky", "yaobai", "摇摆乐队", "摇摆录音室").play(playsFlaky).
			about("every second request fails, the first one included", "每两次请求失败一次，首次即失败"),
		wang("wrong", "cuo", "记错了").play(playsWrong).
			about("every password is wrong", "任何密码均不正确"),
		wang("locked", "suo", "锁匠之家").play(playsLocked).
			about("locked by the legacy platform for an hour", "已被原平台锁定一小时"),
		wang("half-broken", "po", "完好的站", "没有域名的站", "域名写成网址的站", "负责人残缺的站", "编号重复的站", "资料残缺的站").play(playsBroken).
			about("of seven websites four can't be read at all; papers are lost, spoilt or too large", "七个网站中四个无法读取；部分材料遗失、损坏或过大"),
	}
}

func albums() []string {
	names := make([]string, 200)
	for i := range names {
		names[i] = "相册 " + itoa(i+1)
	}
	return names
}

// wang is an account of the person behind wang@example.com of the demo data.
func wang(login, domain string, names ...string) *account {
	a := individual("王芳", "110102198805152643", "京ICP备09012345号", "13900139102")
	a.login, a.filedAt = login, "2009-06-18"
	a.sites(domain, names...)
	return a
}
