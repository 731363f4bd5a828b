import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedExceptionAction;
import java.util.Arrays;
import java.util.Base64;
import javax.security.auth.Subject;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;

/** Initiator CCACHE HOST MECHANISM [delegate]: what initiator.py does, in Java's own implementation. */
public final class Initiator {
    private static final BufferedReader IN =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));

    public static void main(String[] args) throws Exception {
        PrivilegedExceptionAction<Void> action = () -> {
            converse(establish(args[1], args[2], args.length > 3));
            return null;
        };
        Subject.doAs(CacheLogin.subject(args[0]), action);
    }

    private static GSSContext establish(String host, String mechanism, boolean delegate) throws Exception {
        GSSManager manager = GSSManager.getInstance();
        Oid oid = new Oid(mechanism.equals("krb5") ? "1.2.840.113554.1.2.2" : "1.3.6.1.5.5.2");
        GSSName service = manager.createName("HTTP@" + host, GSSName.NT_HOSTBASED_SERVICE);
        GSSContext context = manager.createContext(service, oid, null, GSSContext.DEFAULT_LIFETIME);
        context.requestMutualAuth(true);
        context.requestCredDeleg(delegate);
        byte[] token = new byte[0];
        while (true) {
            token = context.initSecContext(token, 0, token.length);
            if (token != null) send(token);
            if (context.isEstablished()) return context;
            token = receive();
        }
    }

    private static void converse(GSSContext context) throws Exception {
        IN.readLine();
        byte[] ours = "from the peer".getBytes(StandardCharsets.US_ASCII);
        byte[] theirs = "from the service".getBytes(StandardCharsets.US_ASCII);
        send(context.getMIC(ours, 0, ours.length, new MessageProp(false)));
        send(context.wrap(ours, 0, ours.length, new MessageProp(true)));
        send(context.wrap(ours, 0, ours.length, new MessageProp(false)));
        byte[] mic = receive();
        context.verifyMIC(mic, 0, mic.length, theirs, 0, theirs.length, new MessageProp(false));
        for (boolean sealed : new boolean[] {true, false}) {
            byte[] wrapped = receive();
            MessageProp found = new MessageProp(false);
            byte[] message = context.unwrap(wrapped, 0, wrapped.length, found);
            if (!Arrays.equals(message, theirs) || found.getPrivacy() != sealed) throw new IOException("another message");
        }
        System.out.println("ok");
    }

    private static void send(byte[] octets) {
        System.out.println(Base64.getEncoder().encodeToString(octets));
    }

    private static byte[] receive() throws IOException {
        return Base64.getDecoder().decode(IN.readLine());
    }
}
