import com.sun.security.jgss.ExtendedGSSCredential;
import java.security.PrivilegedExceptionAction;
import java.util.Base64;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;

/**
 * Impersonate KEYTAB SERVICE USER TARGET: signs SERVICE in with KEYTAB, acts as USER (S4U2Self, then S4U2Proxy) or, when USER is -,
 * as itself, and prints the first token for TARGET (HTTP@host) in Base64.
 */
public final class Impersonate {
    private static final String KRB5 = "1.2.840.113554.1.2.2";

    public static void main(String[] args) throws Exception {
        LoginContext login = new LoginContext("", null, null, configuration(args[0], args[1]));
        login.login();
        PrivilegedExceptionAction<byte[]> action = () -> token(args[2], args[3]);
        System.out.println(Base64.getEncoder().encodeToString(Subject.doAs(login.getSubject(), action)));
    }

    private static byte[] token(String user, String target) throws GSSException {
        GSSManager manager = GSSManager.getInstance();
        Oid krb5 = new Oid(KRB5);
        GSSCredential own = manager.createCredential(null, GSSCredential.DEFAULT_LIFETIME, krb5, GSSCredential.INITIATE_ONLY);
        GSSCredential acting = own;
        if (!user.equals("-")) {
            GSSName name = manager.createName(user, GSSName.NT_USER_NAME);
            acting = ((ExtendedGSSCredential) own).impersonate(name);
        }
        GSSName service = manager.createName(target, GSSName.NT_HOSTBASED_SERVICE);
        GSSContext context = manager.createContext(service, krb5, acting, GSSContext.DEFAULT_LIFETIME);
        context.requestMutualAuth(true);
        return context.initSecContext(new byte[0], 0, 0);
    }

    private static Configuration configuration(String keytab, String principal) {
        Map<String, String> options = Map.of(
            "useKeyTab", "true", "keyTab", keytab, "principal", principal, "storeKey", "true", "doNotPrompt", "true",
            "isInitiator", "true");
        AppConfigurationEntry entry = new AppConfigurationEntry(
            "com.sun.security.auth.module.Krb5LoginModule", AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options);
        return new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {entry};
            }
        };
    }
}
