import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;

/** Signs in with the tickets of a credential cache that kinit has made. */
final class CacheLogin {
    static Subject subject(String ccache) throws Exception {
        Map<String, String> options = Map.of("useTicketCache", "true", "ticketCache", ccache, "doNotPrompt", "true");
        AppConfigurationEntry entry = new AppConfigurationEntry(
            "com.sun.security.auth.module.Krb5LoginModule", AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options);
        Configuration configuration = new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {entry};
            }
        };
        LoginContext login = new LoginContext("", null, null, configuration);
        login.login();
        return login.getSubject();
    }

    private CacheLogin() {}
}
