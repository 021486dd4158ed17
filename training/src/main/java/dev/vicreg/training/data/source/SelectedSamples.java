package dev.vicreg.training.data.source;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples of a source that are used: selected, checked where that is cheap, kept decoded while memory allows.
 *
 * <p>Up to {@link #CHECKED_BYTES} every compressed sample is decoded once when the set is opened, by all processors.
 * What cannot be decoded leaves the set there and then, so that sizes, epochs and evaluation are exact and an unusable
 * set is told before anything is written; the decoded samples stay in the cache, so little of that work is wasted. A
 * larger set is taken as it is, and its readers skip what fails, as {@link InOrder} does.
 *
 * @param <T> a decoded sample
 */
public class SelectedSamples<T> implements Dataset<T> {
    /** Some ten seconds of decoding on two processors. */
    static final long CHECKED_BYTES = 1L << 30;

    private static final Logger log = LoggerFactory.getLogger(SelectedSamples.class);

    private final Samples<T> source;
    private final int[] selected;
    private final AtomicReferenceArray<T> decoded;
    private final AtomicLong cacheLeft;
    private final int skipped;
    private final String fingerprint;

    /**
     * Selects and checks.
     *
     * @param where what messages call the set
     * @param opening told of samples that are read to check them
     * @param cacheBytes bound on the decoded samples that are kept
     * @throws IOException if more than 1 % of the samples that were checked cannot be decoded
     */
    public SelectedSamples(String where, Samples<T> source, Selection selection, Opening opening, long cacheBytes)
            throws IOException {
        this.source = source;
        this.cacheLeft = new AtomicLong(source.isCompressed() ? cacheBytes : 0);
        int[] wanted = selection.of(source.size(), source::label);
        opening.selected(where, source.noun(), wanted.length);
        long bytes = Arrays.stream(wanted).mapToLong(source::encodedSize).sum();
        if (bytes > CHECKED_BYTES) {
            selected = wanted;
            skipped = 0;
            decoded = new AtomicReferenceArray<>(wanted.length);
            fingerprint = fingerprint(source, wanted, new int[0]);
            return;
        }
        AtomicReferenceArray<T> read = new AtomicReferenceArray<>(wanted.length);
        int[] checksums = new int[wanted.length];
        Undecodable undecodable = new Undecodable(where, source.noun(), wanted.length);
        IntStream.range(0, wanted.length).parallel().forEach(i -> {
            try {
                byte[] encoded = source.encoded(wanted[i]);
                checksums[i] = checksum(encoded);
                if (source.isCompressed()) {
                    keep(read, i, source.decode(wanted[i], encoded));
                }
            } catch (IOException e) {
                undecodable.add(i, e);
            } finally {
                opening.read();
            }
        });
        undecodable.check();
        if (undecodable.count() > 0) {
            log.warn("skipped {} of {} {} in {}", undecodable.count(), wanted.length, source.noun(), where);
        }
        int[] good = IntStream.range(0, wanted.length)
                .filter(i -> !undecodable.contains(i))
                .toArray();
        selected = Arrays.stream(good).map(i -> wanted[i]).toArray();
        skipped = undecodable.count();
        decoded = new AtomicReferenceArray<>(good.length);
        for (int i = 0; i < good.length; i++) {
            decoded.set(i, read.get(good[i]));
        }
        fingerprint = fingerprint(
                source, selected, Arrays.stream(good).map(i -> checksums[i]).toArray());
    }

    @Override
    public int size() {
        return selected.length;
    }

    @Override
    public String name(int index) {
        return source.name(selected[index]);
    }

    @Override
    public int label(int index) {
        return source.label(selected[index]);
    }

    @Override
    public List<String> labelNames() {
        return source.labelNames();
    }

    @Override
    public String noun() {
        return source.noun();
    }

    @Override
    public int skipped() {
        return skipped;
    }

    @Override
    public T sample(int index) throws IOException {
        T sample = decoded.get(index);
        if (sample == null) {
            sample = source.decode(selected[index], source.encoded(selected[index]));
            keep(decoded, index, sample);
        }
        return sample;
    }

    @Override
    public byte[] stored(int index) throws IOException {
        return source.encoded(selected[index]);
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    /** What has been kept stays: with every picture needed once an epoch, nothing is gained by exchanging them. */
    private void keep(AtomicReferenceArray<T> kept, int index, T sample) {
        long bytes = source.decodedSize(sample);
        if (cacheLeft.addAndGet(-bytes) < 0) {
            cacheLeft.addAndGet(bytes);
        } else if (!kept.compareAndSet(index, null, sample)) {
            cacheLeft.addAndGet(bytes);
        }
    }

    private static int checksum(byte[] encoded) {
        CRC32 crc = new CRC32();
        crc.update(encoded);
        return (int) crc.getValue();
    }

    /** Over names, sizes and labels; over contents too where they were read anyway. */
    private static String fingerprint(Samples<?> source, int[] selected, int[] checksums) {
        Fingerprint fingerprint = new Fingerprint();
        for (int i = 0; i < selected.length; i++) {
            int index = selected[i];
            fingerprint.add(source.name(index)
                    + '\0'
                    + source.encodedSize(index)
                    + '\0'
                    + source.label(index)
                    + '\0'
                    + (checksums.length == 0 ? 0 : checksums[i])
                    + '\n');
        }
        return fingerprint.hex();
    }
}
