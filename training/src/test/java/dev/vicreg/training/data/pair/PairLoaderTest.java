package dev.vicreg.training.data.pair;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.picture.PictureViews;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PairLoaderTest {
    private static final int SIZE = 8;
    private static final Augmentation CIFAR = PictureKind.cifar();
    /** Leaves the colours alone, so that a picture of one colour can be told in its view. */
    private static final Augmentation COLOURS_KEPT = Augmentations.parse("cifar,jitter=0,grey=0,solarise=0");

    @ParameterizedTest
    @ValueSource(ints = {2, 5})
    void batchesDoNotDependOnTheNumberOfWorkers(int workers) throws Exception {
        assertEquals(read(flat(50), CIFAR, 1, 0, 12), read(flat(50), CIFAR, workers, 0, 12));
    }

    @Test
    void resumeMatchesUninterruptedRun() throws Exception {
        List<String> whole = read(flat(50), CIFAR, 3, 0, 12);
        assertEquals(whole.subList(7, 12), read(flat(50), CIFAR, 3, 7, 5));
    }

    @Test
    void epochVisitsEverySampleOnceInAnOrderOfItsOwn() throws Exception {
        try (PairLoader loader = loader(flat(53), CIFAR, 10, 1, 2, 0)) {
            assertEquals(5, loader.stepsPerEpoch());
            List<Integer> first = indices(loader, 0);
            assertEquals(50, new HashSet<>(first).size());
            List<Integer> second = indices(loader, 1);
            assertEquals(50, new HashSet<>(second).size());
            assertNotEquals(first, second);
        }
    }

    @Test
    void bothRowsOfAPairShowTheSameSample() throws Exception {
        try (PairLoader loader = loader(flat(40), COLOURS_KEPT, 20, 1, 2, 0)) {
            PairBatch batch = loader.next();
            for (int row = 0; row < 20; row++) {
                assertEquals(batch.indices()[row], shown(batch.viewA().values(), row));
                assertEquals(batch.indices()[row], shown(batch.viewB().values(), row));
            }
        }
    }

    @Test
    void unrelatedViewsNeverShowTheSameSample() throws Exception {
        try (PairLoader loader = loader(flat(41), COLOURS_KEPT.withUnrelatedViews(true), 20, 1, 2, 0)) {
            Set<Integer> partners = new HashSet<>();
            for (int step = 0; step < 20; step++) {
                PairBatch batch = loader.next();
                for (int row = 0; row < 20; row++) {
                    int a = shown(batch.viewA().values(), row);
                    int b = shown(batch.viewB().values(), row);
                    assertEquals(batch.indices()[row], a);
                    assertNotEquals(a, b);
                    if (a == 0) {
                        partners.add(b);
                    }
                }
            }
            assertTrue(partners.size() > 3, "partners of picture 0: " + partners);
        }
    }

    @Test
    void seedChangesOrderAndViews() throws Exception {
        try (PairLoader one = loader(flat(50), CIFAR, 50, 1, 2, 0);
                PairLoader two = loader(flat(50), CIFAR, 50, 2, 2, 0)) {
            assertFalse(Arrays.equals(one.next().indices(), two.next().indices()));
        }
    }

    @Test
    void batchLargerThanTheDataIsRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> loader(flat(5), CIFAR, 6, 1, 1, 0));
        assertEquals(
                "a batch of 6 is larger than the data set of 5 pictures; lower the batch size or add pictures",
                e.getMessage());
    }

    @Test
    void undecodablePictureIsReplacedByTheNextOne() throws Exception {
        try (PairLoader loader = loader(flat(200, 17), COLOURS_KEPT, 200, 1, 3, 0)) {
            PairBatch batch = loader.next();
            for (int row = 0; row < 200; row++) {
                int index = batch.indices()[row];
                assertEquals(index == 17 ? 18 : index, shown(batch.viewA().values(), row));
            }
        }
    }

    @Test
    void tooManyUndecodablePicturesReachTheCaller() {
        try (PairLoader loader = loader(flat(100, 3, 50), CIFAR, 100, 1, 2, 0)) {
            String message =
                    String.valueOf(assertThrows(IOException.class, loader::next).getMessage());
            assertTrue(message.startsWith("2 of the 100 pictures in the data set cannot be decoded"), message);
        }
    }

    @Test
    void failureOfAWorkerReachesTheCaller() {
        Dataset<Picture> broken = new FlatPictures(20, Set.of()) {
            @Override
            public Picture sample(int index) {
                throw new UnsupportedOperationException("no picture " + index);
            }
        };
        try (PairLoader loader = loader(broken, CIFAR, 10, 1, 2, 0)) {
            IllegalStateException e = assertThrows(IllegalStateException.class, loader::next);
            assertTrue(e.getCause() instanceof UnsupportedOperationException);
        }
    }

    @Test
    void closeEndsWorkersThatWaitForRoom() throws Exception {
        PairLoader loader = loader(flat(50), CIFAR, 10, 1, 4, 0);
        loader.next();
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            loader.close();
            loader.close();
        });
        assertThrows(IllegalStateException.class, loader::next);
    }

    @Test
    void closeWaitsForWorkersThoughItsThreadIsInterrupted() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicBoolean read = new AtomicBoolean();
        Dataset<Picture> slow = new FlatPictures(20, Set.of()) {
            @Override
            public Picture sample(int index) throws IOException {
                reading.countDown();
                awaitQuietly(goOn);
                read.set(true);
                return super.sample(index);
            }
        };
        PairLoader loader = loader(slow, CIFAR, 10, 1, 1, 0);
        reading.await();
        Thread closing = Thread.currentThread();
        Thread reader = new Thread(() -> {
            while (closing.getState() != Thread.State.WAITING) { // until it waits for the worker
                Thread.onSpinWait();
            }
            goOn.countDown();
        });
        reader.setDaemon(true);
        reader.start();
        closing.interrupt();
        loader.close();
        assertTrue(Thread.interrupted(), "the interrupt is kept");
        assertTrue(read.get(), "nobody reads any more");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void readingInOrderLeavesOutWhatCannotBeDecoded() throws IOException {
        List<Integer> seen = new ArrayList<>();
        Dataset<Picture> set = flat(150, 4);
        int left = InOrder.forEachBatch(set, 32, index -> set.sample(index).rgb()[0] & 255, items -> {
            for (InOrder.Item<Integer> item : items) {
                assertEquals(item.index(), item.value());
                seen.add(item.index());
            }
        });
        assertEquals(1, left);
        assertEquals(IntStream.range(0, 150).filter(i -> i != 4).boxed().toList(), seen);
    }

    private static PairLoader loader(
            Dataset<Picture> set, Augmentation augmentation, int batchSize, long seed, int workers, long firstStep) {
        ViewSource views = new PictureViews(set, augmentation, SIZE);
        return new PairLoader(views, views, batchSize, seed, workers, firstStep);
    }

    /** Steps as text: epoch, indices, and a hash of both views. */
    private static List<String> read(
            Dataset<Picture> set, Augmentation augmentation, int workers, long firstStep, int steps) throws Exception {
        List<String> read = new ArrayList<>();
        try (PairLoader loader = loader(set, augmentation, 12, 7, workers, firstStep)) {
            for (int i = 0; i < steps; i++) {
                PairBatch batch = loader.next();
                assertEquals(firstStep + i, batch.step());
                read.add(batch.epoch() + " " + Arrays.toString(batch.indices()) + " "
                        + Arrays.hashCode(bytes(batch.viewA().values())) + " "
                        + Arrays.hashCode(bytes(batch.viewB().values())));
            }
        }
        return read;
    }

    private static byte[] bytes(ByteBuffer view) {
        byte[] bytes = new byte[view.remaining()];
        view.get(bytes);
        return bytes;
    }

    private static List<Integer> indices(PairLoader loader, int epoch) throws Exception {
        List<Integer> indices = new ArrayList<>();
        for (int step = 0; step < loader.stepsPerEpoch(); step++) {
            PairBatch batch = loader.next();
            assertEquals(epoch, batch.epoch());
            Arrays.stream(batch.indices()).forEach(indices::add);
        }
        return indices;
    }

    /** The one grey value of this row's view, which is the number of the picture it shows. */
    private static int shown(ByteBuffer view, int row) {
        int bytes = SIZE * SIZE * 3;
        for (int i = 1; i < bytes; i++) {
            assertEquals(view.get(row * bytes), view.get(row * bytes + i));
        }
        return view.get(row * bytes) & 255;
    }

    private static Dataset<Picture> flat(int size, Integer... undecodable) {
        return new FlatPictures(size, Set.of(undecodable));
    }

    /** Picture i is all of grey i. */
    private static class FlatPictures implements Dataset<Picture> {
        private final int size;
        private final Set<Integer> undecodable;

        FlatPictures(int size, Set<Integer> undecodable) {
            this.size = size;
            this.undecodable = undecodable;
        }

        @Override
        public byte[] stored(int index) {
            return new byte[0];
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public String name(int index) {
            return "picture " + index;
        }

        @Override
        public int label(int index) {
            return -1;
        }

        @Override
        public List<String> labelNames() {
            return List.of();
        }

        @Override
        public Picture sample(int index) throws IOException {
            if (undecodable.contains(index)) {
                throw new IOException("cannot decode picture " + index);
            }
            byte[] rgb = new byte[12 * 10 * 3];
            Arrays.fill(rgb, (byte) index);
            return new Picture(12, 10, rgb);
        }

        @Override
        public String noun() {
            return "pictures";
        }

        @Override
        public String fingerprint() {
            return "flat";
        }

        @Override
        public void close() {}
    }
}
